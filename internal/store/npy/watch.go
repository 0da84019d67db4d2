package npy

import (
	"fmt"
	"os"
	"unsafe"

	"finetune/internal/store/pagefault"
)

// A watched file is mapped: what another program does to it shows in memory.
type watched struct {
	*pagefault.Range
	path   string
	opened os.FileInfo
}

// watch explains faults in memory that a file is mapped to.
func watch(start unsafe.Pointer, size int, path string, opened os.FileInfo) *watched {
	w := &watched{path: path, opened: opened}
	w.Range = pagefault.Watch(start, size, func() error {
		if err := w.check(); err != nil {
			return err
		}
		return fmt.Errorf("read %s: the system can't read the file any more; check the disk", path)
	})
	return w
}

// check returns an error if the file was changed in its place since it was opened. No file is fine.
func (w *watched) check() error {
	if w == nil {
		return nil
	}
	now, err := os.Stat(w.path)
	switch {
	case err != nil || !os.SameFile(w.opened, now):
		return nil // the mapping keeps what was at the path
	case now.Size() < w.opened.Size():
		return fmt.Errorf("read %s: another program cut the file from %d to %d bytes while it was in use; replace such files by renaming",
			w.path, w.opened.Size(), now.Size())
	case now.Size() != w.opened.Size() || !now.ModTime().Equal(w.opened.ModTime()):
		return fmt.Errorf("read %s: another program changed the file while it was in use; replace such files by renaming", w.path)
	}
	return nil
}

func (w *watched) Forget() {
	if w != nil {
		w.Range.Forget()
	}
}
