package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

const beleniosGroup = "BELENIOS-2048"

func noBelenios(*env) error {
	if _, err := exec.LookPath("belenios-tool"); err != nil {
		return errors.New("there is no belenios-tool")
	}
	return nil
}

// belenios is an election in a directory of its own.
type belenios struct {
	dir         string
	credentials []string
}

func newBelenios(e *env, voters int) (*belenios, error) {
	dir, err := os.MkdirTemp(e.scratch, "belenios-")
	if err != nil {
		return nil, err
	}
	b := &belenios{dir: dir}
	type question struct {
		Question string   `json:"question"`
		Answers  []string `json:"answers"`
		Min      int      `json:"min"`
		Max      int      `json:"max"`
	}
	questions := make([]question, candidates)
	for i := range questions {
		questions[i] = question{fmt.Sprintf("candidate %d", i), []string{"1", "2", "3", "4", "5"}, 1, 1}
	}
	template, err := json.Marshal(map[string]any{
		"name": "Benchmark", "description": "Benchmark", "questions": questions,
		"administrator": "nobody", "credential_authority": "nobody",
	})
	if err != nil {
		return nil, err
	}
	if err := b.write("template.json", template); err != nil {
		return nil, err
	}
	uuid, err := b.run(nil, "setup", "generate-token")
	if err != nil {
		return nil, err
	}
	id := strings.TrimSpace(string(uuid))
	for _, args := range [][]string{
		{"setup", "generate-credentials", "--uuid", id, "--group", beleniosGroup, "--count", fmt.Sprint(voters)},
		{"setup", "generate-trustee-key", "--group", beleniosGroup},
		{"setup", "generate-trustee-key", "--group", beleniosGroup},
		{"setup", "generate-trustee-key", "--group", beleniosGroup},
	} {
		if _, err := b.run(nil, args...); err != nil {
			return nil, err
		}
	}
	for pattern, name := range map[string]string{"*.pubcreds": "public_creds.json", "*.privcreds": "private_creds.txt", "*.pubkey": "public_keys.jsons"} {
		if err := b.collect(pattern, name); err != nil {
			return nil, err
		}
	}
	for _, args := range [][]string{
		{"setup", "make-trustees"},
		{"setup", "make-election", "--uuid", id, "--group", beleniosGroup, "--template", "template.json"},
		{"archive", "init"},
	} {
		if _, err := b.run(nil, args...); err != nil {
			return nil, err
		}
	}
	private, err := os.ReadFile(filepath.Join(dir, "private_creds.txt"))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(private)) {
		if fields := strings.Fields(line); len(fields) == 2 {
			b.credentials = append(b.credentials, fields[1])
		}
	}
	if len(b.credentials) != voters {
		return nil, fmt.Errorf("belenios-tool made %d credentials for %d voters", len(b.credentials), voters)
	}
	rows := make([][]int, candidates)
	for i := range rows {
		rows[i] = make([]int, grades)
		rows[i][i%grades] = 1
	}
	vote, err := json.Marshal(rows)
	return b, errors.Join(err, b.write("vote.json", vote), b.write("no-vote.json", []byte("[]")), b.write("credential.txt", []byte(b.credentials[0])))
}

func (b *belenios) write(name string, content []byte) error {
	return os.WriteFile(filepath.Join(b.dir, name), content, 0o600)
}

// collect puts the files of a pattern, one after the other, into one.
func (b *belenios) collect(pattern, name string) error {
	files, err := filepath.Glob(filepath.Join(b.dir, pattern))
	if err != nil || len(files) == 0 {
		return errors.Join(fmt.Errorf("belenios-tool left no %s", pattern), err)
	}
	var all []byte
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		all = append(all, content...)
	}
	return b.write(name, all)
}

// toolMemory is the most memory that a run of belenios-tool took, in bytes.
var toolMemory atomic.Int64

// run runs belenios-tool in the election's directory.
func (b *belenios) run(stdin []byte, args ...string) ([]byte, error) {
	cmd := exec.Command("belenios-tool", args...)
	var out, messages bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = b.dir, bytes.NewReader(stdin), &out, &messages
	cmd.Env = append(os.Environ(), "BELENIOS_USE_URANDOM=1") // /dev/random waits on some kernels
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() { // wait4 would count the memory of this process, from which that one is started
		status := fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
				toolMemory.Store(max(toolMemory.Load(), peakMemory(status)))
			}
		}
	}()
	err := cmd.Wait()
	close(done)
	if err != nil {
		return nil, fmt.Errorf("belenios-tool %s: %w: %s", strings.Join(args, " "), err, messages.Bytes())
	}
	return out.Bytes(), nil
}

func (b *belenios) ballot(vote string) ([]byte, error) {
	return b.run(nil, "election", "generate-ballot", "--privcred", "credential.txt", "--ballot", vote)
}

func castBelenios(e *env) (sampler, error) {
	b, err := newBelenios(e, 1)
	if err != nil {
		return nil, err
	}
	return func() ([]float64, error) {
		start := time.Now()
		if _, err := b.ballot("no-vote.json"); err == nil {
			return nil, errors.New("belenios-tool made a ballot without a vote")
		}
		empty := time.Since(start)
		start = time.Now()
		if _, err := b.ballot("vote.json"); err != nil {
			return nil, err
		}
		return []float64{float64(time.Since(start) - empty)}, nil
	}, nil
}

func checkBelenios(e *env) (sampler, error) {
	n := e.size(4, 1)
	empty, err := newBelenios(e, n)
	if err != nil {
		return nil, err
	}
	full, err := newBelenios(e, n)
	if err != nil {
		return nil, err
	}
	for _, c := range full.credentials {
		if err := full.write("credential.txt", []byte(c)); err != nil {
			return nil, err
		}
		ballot, err := full.ballot("vote.json")
		if err != nil {
			return nil, err
		}
		if _, err := full.run(ballot, "archive", "add-event", "--type=Ballot"); err != nil {
			return nil, err
		}
	}
	verify := func(b *belenios) (time.Duration, error) {
		start := time.Now()
		_, err := b.run(nil, "election", "verify")
		return time.Since(start), err
	}
	return func() ([]float64, error) {
		none, err := verify(empty)
		if err != nil {
			return nil, err
		}
		all, err := verify(full)
		return []float64{float64(all-none) / float64(n)}, err
	}, nil
}
