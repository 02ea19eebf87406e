package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// machine is where and with what a run was made.
type machine struct {
	processor string
	cores     int
	threads   int
	system    string
	commit    string
	versions  []string
}

// modules whose versions matter to the table.
var modules = []string{
	"github.com/consensys/gnark", "github.com/consensys/gnark-crypto", "github.com/iden3/go-iden3-crypto",
	"github.com/iden3/go-rapidsnark/prover", "github.com/iden3/go-rapidsnark/witness/v2", "go.dedis.ch/kyber/v3",
}

func newMachine(e *env) *machine {
	m := &machine{
		processor: "unknown processor",
		cores:     runtime.NumCPU(),
		threads:   e.threads,
		system:    runtime.GOOS + "/" + runtime.GOARCH,
		commit:    output("git", "rev-parse", "--short=12", "HEAD"),
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.processor = strings.TrimSpace(value)
				break
			}
		}
	}
	if release := output("uname", "-r"); release != "" {
		m.system += ", kernel " + release
	}
	if output("git", "status", "--porcelain", "--untracked-files=no") != "" {
		m.commit += ", with changes"
	}

	m.versions = append(m.versions, runtime.Version())
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, wanted := range modules {
			for _, d := range info.Deps {
				if d.Path == wanted {
					m.versions = append(m.versions, strings.TrimPrefix(d.Path, "github.com/")+" "+d.Version)
				}
			}
		}
	}
	for _, c := range [][]string{{"belenios-tool", "--version"}, {"node", "--version"}} {
		if version := output(c[0], c[1:]...); version != "" {
			m.versions = append(m.versions, c[0]+" "+version)
		}
	}
	for _, name := range []string{"snarkjs", "@semaphore-protocol/proof"} {
		if version := npmVersion(filepath.Join(e.peers, "node_modules", name)); version != "" {
			m.versions = append(m.versions, name+" "+version)
		}
	}
	return m
}

func (m *machine) write(w io.Writer) {
	fmt.Fprintf(w, "- machine: %s, %d cores, %s\n", m.processor, m.cores, m.system)
	fmt.Fprintf(w, "- threads: %d where a row says so, else one\n", m.threads)
	fmt.Fprintf(w, "- commit: %s\n", m.commit)
	fmt.Fprintf(w, "- versions: %s\n", strings.Join(m.versions, "; "))
}

// output is what a command prints, or nothing if it fails.
func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func npmVersion(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, "package.json"))
	var p struct {
		Version string `json:"version"`
	}
	if err != nil || json.Unmarshal(text, &p) != nil {
		return ""
	}
	return p.Version
}
