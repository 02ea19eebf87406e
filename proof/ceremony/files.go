package ceremony

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/scrutin/scrutin/internal/legible"
	"golang.org/x/text/unicode/norm"
)

// Names of a ceremony's files. All are public.
const (
	PowersFile       = "powers"          // the powers that the first phase ended in
	OriginFile       = "powers.json"     // where they come from
	StartFile        = "start"           // the relation at these powers: what the second phase starts from
	TranscriptFile   = "transcript.json" // the ceremony in short, once it has ended
	VerifyingKeyFile = "verifying.key"
	ProvingKeyFile   = "proving.key"

	phase1Dir    = "phase1"
	contribution = ".contribution"
)

// Phase1File returns the name of the file of a contribution to a first phase of one's own:
// phase1/0001.contribution is the first.
func Phase1File(number int) string { return path.Join(phase1Dir, ContributionFile(number)) }

// ContributionFile returns the name of the file of a contribution to the second phase:
// 0001.contribution is the first.
func ContributionFile(number int) string { return fmt.Sprintf("%04d%s", number, contribution) }

// read reads a regular file of at most limit bytes. It opens none that could block, as a pipe does.
func read(fsys fs.FS, name string, limit int) ([]byte, error) {
	switch info, err := fs.Stat(fsys, name); {
	case err != nil:
		return nil, fmt.Errorf("ceremony: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: %s is not a regular file", ErrMalformed, name)
	case info.Size() > int64(limit):
		return nil, fmt.Errorf("%w: %s has %d bytes, at most %d are possible", ErrMalformed, name, info.Size(), limit)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("ceremony: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("ceremony: %w", err)
	}
	if len(b) > limit {
		return nil, fmt.Errorf("%w: %s has more than %d bytes", ErrMalformed, name, limit)
	}
	return b, nil
}

// count returns the number of contributions in a directory, numbered from 1 without a gap; 0 if there is
// no directory.
func count(fsys fs.FS, dir string) (int, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("ceremony: %w", err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), contribution) && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	if len(names) > MaxContributors {
		return 0, fmt.Errorf("%w: %d contributions, at most %d are possible", ErrOrder, len(names), MaxContributors)
	}
	slices.Sort(names)
	for i, name := range names {
		if want := ContributionFile(i + 1); name != want {
			return 0, fmt.Errorf("%w: %s is there, and %s is missing", ErrOrder, path.Join(dir, name), path.Join(dir, want))
		}
	}
	return len(names), nil
}

// checkName accepts a line that shows as it reads.
func checkName(what, name string) error {
	switch {
	case len(name) < 1 || len(name) > MaxNameBytes:
		return fmt.Errorf("%w: %s of %d bytes, 1 to %d are wanted", ErrMalformed, what, len(name), MaxNameBytes)
	case !utf8.ValidString(name), strings.ContainsFunc(name, func(r rune) bool { return !legible.IsPrint(r) }),
		strings.TrimSpace(name) != name, !norm.NFC.IsNormalString(name):
		return fmt.Errorf("%w: %s %q is not a line of printable text in Unicode normal form C without space around it", ErrMalformed, what, name)
	}
	return nil
}
