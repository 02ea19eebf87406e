package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// The protocol between this program and the process of a side, in lines: the process says "ready" when it is set up
// and warm. For every empty line that it reads it takes a sample and answers with a reply. At the end of its input it ends.

// reply is a sample.
type reply struct {
	Values []float64 `json:"values"`
	Memory int64     `json:"memory,omitempty"` // bytes, where another process than this one does the work
	Error  string    `json:"error,omitempty"`
}

// warmUps are samples that do not count. One that takes longer than enough is the last.
const (
	warmUps = 2
	enough  = 5 * time.Second
)

// serve is the process of a side of this program.
func serve(s *side, e *env) error {
	sample, err := s.open(e)
	if err != nil {
		return err
	}
	for range warmUps {
		start := time.Now()
		if _, err := sample(); err != nil {
			return err
		}
		if time.Since(start) > enough {
			break
		}
	}
	toolMemory.Store(0)
	debug.FreeOSMemory()
	fmt.Println("ready")
	in, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for in.Scan() {
		runtime.GC()
		var r reply
		if r.Values, err = sample(); err != nil {
			r.Error = err.Error()
		}
		r.Memory = toolMemory.Load()
		if err := out.Encode(r); err != nil {
			return err
		}
	}
	return in.Err()
}

// process is the running process of a side.
type process struct {
	side   *side
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	reset  bool  // the peak of its memory was reset when it was ready
	memory int64 // the peak, in bytes; 0 is not known
}

// start starts the process of a side and waits until it is ready.
func start(r *row, s *side, e *env) (*process, error) {
	cmd, err := s.command(r, e)
	if err != nil {
		return nil, err
	}
	threads := strconv.Itoa(e.threads)
	cmd.Env = append(os.Environ(), "GOMAXPROCS="+threads, "OMP_NUM_THREADS="+threads)
	if path, err := exec.LookPath("taskset"); err == nil && runtime.GOOS == "linux" {
		cmd.Args = append([]string{"taskset", "-c", "0-" + strconv.Itoa(e.threads-1), cmd.Path}, cmd.Args[1:]...)
		cmd.Path = path
	}
	cmd.Stderr = os.Stderr
	p := &process{side: s, cmd: cmd}
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdout = bufio.NewReader(stdout)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if line, err := p.stdout.ReadString('\n'); line != "ready\n" {
		p.stdin.Close()
		return nil, fmt.Errorf("%s: %s: %q instead of ready (%v, %v)", r.name, s.name, line, err, cmd.Wait())
	}
	// Linux forgets the peak so far, which may be that of the set-up.
	p.reset = os.WriteFile(p.proc("clear_refs"), []byte("5"), 0) == nil
	return p, nil
}

func (s *side) command(r *row, e *env) (*exec.Cmd, error) {
	if s.program != nil {
		return s.program(e)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"-side", r.name + "/" + s.name, "-peers", e.peers, "-scratch", e.scratch, "-threads", strconv.Itoa(e.threads)}
	if e.quick {
		args = append(args, "-quick")
	}
	return exec.Command(self, args...), nil
}

// sample asks for a sample.
func (p *process) sample() ([]float64, error) {
	if _, err := io.WriteString(p.stdin, "\n"); err != nil {
		return nil, fmt.Errorf("%s: %w", p.side.name, err)
	}
	line, err := p.stdout.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.side.name, err)
	}
	var r reply
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, fmt.Errorf("%s: %q: %w", p.side.name, line, err)
	}
	if r.Error != "" {
		return nil, fmt.Errorf("%s: %s", p.side.name, r.Error)
	}
	if len(r.Values) != len(p.side.figures) {
		return nil, fmt.Errorf("%s: %d values for %d figures", p.side.name, len(r.Values), len(p.side.figures))
	}
	p.memory = max(p.memory, r.Memory)
	return r.Values, nil
}

// stop reads the peak of the memory and ends the process.
func (p *process) stop() error {
	if p.memory == 0 {
		p.memory = peakMemory(p.proc("status"))
	}
	return errors.Join(p.stdin.Close(), p.cmd.Wait())
}

func (p *process) proc(name string) string {
	return fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, name)
}

// peakMemory reads VmHWM, the peak of the resident memory, in bytes; 0 where there is none to read.
func peakMemory(status string) int64 {
	text, err := os.ReadFile(status)
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kilobytes, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return 0
	}
	return kilobytes << 10
}
