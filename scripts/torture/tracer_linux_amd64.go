package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// filteredArg makes this program install the filter and become the command that follows.
const filteredArg = "-filtered"

// canTrace tells why system calls can't be made to fail here, "" where they can.
func canTrace() string { return "" }

// runFiltered has the kernel tell the tracer about the system calls of [traced], and no others, then becomes a command.
func runFiltered(args []string) {
	fail := func(what string, err error) {
		fmt.Fprintf(os.Stderr, "torture: %s: %v\n", what, err)
		os.Exit(1)
	}
	program := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}}
	for nr := range traced {
		program = append(program,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: uint32(nr)},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_TRACE})
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		fail("no new privileges", err)
	}
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter)))
	if errno != 0 {
		fail("filter system calls", errno)
	}
	fail("run "+args[0], syscall.Exec(args[0], args, os.Environ()))
}

// trace runs finetune in a box and gives every traced system call on the box's files to decide, in their order. The calls of a
// process are counted from 0. decide says what becomes of a call.
func (t *torture) trace(box string, args []string, decide func(n int, c call) verdict) (e end, err error) {
	runtime.LockOSThread() // only the thread that traces a process may touch it
	defer runtime.UnlockOSThread()
	self, err := os.Executable()
	if err != nil {
		return end{}, err
	}
	began := time.Now()
	var files [2]*os.File
	for i := range files {
		if files[i], err = os.CreateTemp(t.work, "stream-"); err != nil {
			return end{}, err
		}
		defer os.Remove(files[i].Name())
		defer files[i].Close()
	}
	argv := append([]string{self, filteredArg, t.binary}, t.arguments(args)...)
	pid, err := syscall.ForkExec(self, argv, &syscall.ProcAttr{
		Dir: box, Env: t.environment(box), Files: []uintptr{^uintptr(0), files[0].Fd(), files[1].Fd()},
		Sys: &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return end{}, err
	}
	watch := time.AfterFunc(hang, func() { unix.Kill(pid, unix.SIGKILL); e.hung = true })
	defer watch.Stop()
	tr := &tracer{pid: pid, box: box, decide: decide, leaving: map[int]int{}}
	status, usage, err := tr.loop()
	if err != nil {
		unix.Kill(pid, unix.SIGKILL)
		return end{}, err
	}
	out, _ := os.ReadFile(files[0].Name())
	errs, _ := os.ReadFile(files[1].Name())
	e.output, e.errors, e.peak, e.took = string(out), string(errs), usage.Maxrss<<10, time.Since(began)
	if e.status = -1; status.Exited() {
		e.status = status.ExitStatus()
	}
	return e, nil
}

// A tracer follows one process.
type tracer struct {
	pid     int
	box     string
	decide  func(int, call) verdict
	count   int
	leaving map[int]int // threads whose next stop is the end of a call that is to return this errno
}

// loop answers the stops of all threads until the process has ended.
func (t *tracer) loop() (unix.WaitStatus, unix.Rusage, error) {
	var status unix.WaitStatus
	var usage unix.Rusage
	if _, err := unix.Wait4(t.pid, &status, unix.WALL, &usage); err != nil {
		return status, usage, err
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK |
		unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_TRACESECCOMP | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(t.pid, options); err != nil {
		return status, usage, err
	}
	unix.PtraceCont(t.pid, 0)
	for {
		tid, err := unix.Wait4(-1, &status, unix.WALL|unix.WNOTHREAD, &usage)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return status, usage, fmt.Errorf("wait for the traced process: %w", err)
		}
		switch {
		case status.Exited() || status.Signaled():
			if tid == t.pid {
				return status, usage, nil
			}
		case status.Stopped():
			t.stopped(tid, status)
		}
	}
}

// stopped answers one stop. Errors mean that the thread is gone.
func (t *tracer) stopped(tid int, status unix.WaitStatus) {
	switch signal := status.StopSignal(); {
	case signal == unix.SIGTRAP|0x80:
		errno, ok := t.leaving[tid]
		delete(t.leaving, tid)
		var regs unix.PtraceRegs
		if ok && unix.PtraceGetRegs(tid, &regs) == nil {
			regs.Rax = uint64(-int64(errno))
			unix.PtraceSetRegs(tid, &regs)
		}
		unix.PtraceCont(tid, 0)
	case signal == unix.SIGTRAP && status.TrapCause() == unix.PTRACE_EVENT_SECCOMP:
		t.entered(tid)
	case signal == unix.SIGTRAP && status.TrapCause() > 0, signal == unix.SIGSTOP:
		unix.PtraceCont(tid, 0)
	default:
		unix.PtraceCont(tid, int(signal))
	}
}

// entered asks what becomes of a system call that a thread is about to make.
func (t *tracer) entered(tid int) {
	var regs unix.PtraceRegs
	if unix.PtraceGetRegs(tid, &regs) != nil {
		unix.PtraceCont(tid, 0)
		return
	}
	c, ok := t.describe(tid, &regs)
	if !ok {
		unix.PtraceCont(tid, 0)
		return
	}
	v := t.decide(t.count, c)
	t.count++
	switch {
	case v.kill:
		unix.Kill(t.pid, unix.SIGKILL)
	case v.torn && regs.Rdx > 1:
		// Half of the bytes are written, then the process dies.
		regs.Rdx /= 2
		unix.PtraceSetRegs(tid, &regs)
		unix.PtraceCont(tid, 0)
	case v.errno != 0 && c.kind == closing:
		// The file must be closed all the same, or it would stay locked.
		t.leaving[tid] = int(v.errno)
		unix.PtraceSyscall(tid, 0)
		return
	case v.errno != 0:
		regs.Orig_rax, regs.Rax = ^uint64(0), uint64(-int64(v.errno))
		unix.PtraceSetRegs(tid, &regs)
	}
	unix.PtraceCont(tid, 0)
}

// traced are the system calls that can be made to fail, with where their path or file is.
var traced = map[uint64]struct {
	name string
	kind kind
	at   func(*tracer, int, *unix.PtraceRegs) string
}{
	unix.SYS_WRITE:      {"write", writing, ofFile},
	unix.SYS_PWRITE64:   {"pwrite", writing, ofFile},
	unix.SYS_WRITEV:     {"writev", writing, ofFile},
	unix.SYS_FTRUNCATE:  {"ftruncate", writing, ofFile},
	unix.SYS_FALLOCATE:  {"fallocate", writing, ofFile},
	unix.SYS_FSYNC:      {"fsync", syncing, ofFile},
	unix.SYS_FDATASYNC:  {"fdatasync", syncing, ofFile},
	unix.SYS_CLOSE:      {"close", closing, ofFile},
	unix.SYS_FLOCK:      {"flock", locking, ofFile},
	unix.SYS_READ:       {"read", reading, ofFile},
	unix.SYS_PREAD64:    {"pread", reading, ofFile},
	unix.SYS_GETDENTS64: {"getdents", reading, ofFile},
	unix.SYS_OPENAT:     {"openat", opening, ofPath},
	unix.SYS_RENAMEAT:   {"renameat", naming, ofPath},
	unix.SYS_RENAMEAT2:  {"renameat2", naming, ofPath},
	unix.SYS_RENAME:     {"rename", naming, ofOldPath},
	unix.SYS_LINKAT:     {"linkat", naming, ofPath},
	unix.SYS_SYMLINKAT:  {"symlinkat", naming, ofPath},
	unix.SYS_UNLINKAT:   {"unlinkat", removing, ofPath},
	unix.SYS_UNLINK:     {"unlink", removing, ofOldPath},
	unix.SYS_RMDIR:      {"rmdir", removing, ofOldPath},
	unix.SYS_MKDIRAT:    {"mkdirat", naming, ofPath},
	unix.SYS_MKDIR:      {"mkdir", naming, ofOldPath},
	unix.SYS_FCHMODAT:   {"fchmodat", naming, ofPath},
	unix.SYS_NEWFSTATAT: {"fstatat", looking, ofPath},
}

// describe tells what a system call is about, and whether that is in the box.
func (t *tracer) describe(tid int, regs *unix.PtraceRegs) (call, bool) {
	entry, ok := traced[regs.Orig_rax]
	if !ok {
		return call{}, false
	}
	path := entry.at(t, tid, regs)
	if path != t.box && !strings.HasPrefix(path, t.box+"/") && !strings.HasPrefix(path, t.box+".tmp/") {
		return call{}, false
	}
	rel, err := filepath.Rel(t.box, path)
	if err != nil {
		return call{}, false
	}
	c := call{name: entry.name, kind: entry.kind, path: rel}
	if c.kind == opening && regs.Rdx&(unix.O_WRONLY|unix.O_RDWR|unix.O_CREAT) == 0 {
		c.kind = openingToRead
	}
	return c, true
}

// ofFile returns the path of the file that the first argument is a descriptor of.
func ofFile(t *tracer, tid int, regs *unix.PtraceRegs) string { return t.file(int32(regs.Rdi)) }

func (t *tracer) file(fd int32) string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", t.pid, fd))
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(path, " (deleted)")
}

// ofPath returns the path in the second argument, relative to the folder in the first.
func ofPath(t *tracer, tid int, regs *unix.PtraceRegs) string {
	path := t.text(tid, regs.Rsi)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	dir := t.box
	if fd := int32(regs.Rdi); fd != unix.AT_FDCWD {
		dir = t.file(fd)
	}
	return filepath.Join(dir, path)
}

// ofOldPath returns the path in the first argument.
func ofOldPath(t *tracer, tid int, regs *unix.PtraceRegs) string {
	path := t.text(tid, regs.Rdi)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(t.box, path)
}

// text reads a string that ends with a zero byte from the process's memory.
func (t *tracer) text(tid int, address uint64) string {
	var text []byte
	for len(text) < unix.PathMax {
		var chunk [256]byte
		n, err := unix.PtracePeekData(tid, uintptr(address)+uintptr(len(text)), chunk[:])
		for i, b := range chunk[:n] {
			if b == 0 {
				return string(append(text, chunk[:i]...))
			}
		}
		text = append(text, chunk[:n]...)
		if err != nil || n == 0 {
			break
		}
	}
	return string(text)
}
