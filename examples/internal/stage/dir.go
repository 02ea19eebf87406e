package stage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/scrutin/scrutin/ballot"
)

// MakeDir makes the directory of an election and returns its path. It refuses one that holds
// anything or that nothing can be written to; dir "" is a new directory for temporary files.
// Errors are of kind ErrUsage.
func MakeDir(program, dir string) (string, error) {
	made, err := makeDir(program, dir)
	if err != nil {
		return "", Usagef("-out: %v", err)
	}
	return made, nil
}

func makeDir(program, dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "scrutin-"+program+"-")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("%s is not empty", dir)
	}
	probe := filepath.Join(dir, ".probe")
	if err := os.WriteFile(probe, nil, 0o600); err != nil {
		return "", err
	}
	return dir, os.Remove(probe)
}

// AuditCommand is the command that audits the record of an election, for a shell in the
// directory of this module. Of the flags each is followed by its value.
func AuditCommand(id ballot.ElectionID, record string, flags ...string) string {
	if len(flags) > 0 {
		record = strings.Join(flags, " ") + " " + record
	}
	return fmt.Sprintf("go run ./examples/audit -election %s %s", id, record)
}
