package run

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"finetune/internal/remote"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/table"
)

// What an uploaded table says of itself.
const (
	settingsKey = "finetune-settings" // see table.Writer.Settings
	rowsKey     = "finetune-rows"
)

// stage makes a file of this machine the output of a job whose output is at an address. There the rows of an interrupted job are kept
// until the file is uploaded whole.
func (p *Predict) stage() error {
	if !remote.Is(p.Out) {
		return nil
	}
	stage, err := artifact.Stage(p.Out)
	if err != nil {
		return err
	}
	p.upload = p.Out
	p.Out = filepath.Join(stage, path.Base(p.Out))
	return nil
}

// An uploadOutput is a table that goes to an address once it is whole.
type uploadOutput struct {
	fileOutput
	address string
	file    string
	done    int64 // rows of the table that is there already; -1 for none
}

// newUploadOutput looks whether the result of the same job is at the address. anew says that it doesn't matter.
func newUploadOutput(ctx context.Context, w *table.Writer, address, file string, overwrite, anew bool) (_ output, err error) {
	u := &uploadOutput{fileOutput{w}, address, file, -1}
	defer func() {
		if err != nil {
			w.Close()
		}
	}()
	info, found, err := remote.Stat(ctx, address)
	if err != nil {
		return nil, err
	}
	rows, rowsErr := strconv.ParseInt(info.Meta[rowsKey], 10, 64)
	switch {
	case found && !anew && info.Meta[settingsKey] == w.Settings() && rowsErr == nil:
		u.done = rows
	case found && !overwrite:
		return nil, &invalid.Error{Field: "Out", Path: address, Found: "a file that isn't the result of these settings", Hint: "give another {Out}, or {Overwrite}"}
	case w.Complete(): // the job was interrupted before the upload ended
		return u, u.send(ctx)
	}
	return u, nil
}

func (u *uploadOutput) Complete() bool { return u.done >= 0 }

func (u *uploadOutput) Done() int64 {
	if u.done >= 0 {
		return u.done
	}
	return u.Writer.Done()
}

// Commit completes the file and uploads it.
func (u *uploadOutput) Commit(ctx context.Context) error {
	if err := u.Writer.Commit(ctx); err != nil {
		return err
	}
	return u.send(ctx)
}

func (u *uploadOutput) send(ctx context.Context) error {
	rows := u.Writer.Done()
	if err := remote.Upload(ctx, u.file, u.address, map[string]string{settingsKey: u.Settings(), rowsKey: strconv.FormatInt(rows, 10)}); err != nil {
		return err
	}
	u.done = rows
	return nil
}

// Close removes what was staged, once it is at the address.
func (u *uploadOutput) Close() error {
	err := u.Writer.Close()
	if u.done < 0 {
		return err
	}
	return os.RemoveAll(filepath.Dir(u.file))
}
