//go:build unix

package library

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// endWithChildren makes the end of cmd's context end the whole process group of cmd: clients start helpers.
func endWithChildren(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
