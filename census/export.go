package census

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/scrutin/scrutin/internal/wire"
)

// Export writes the census as static files into a directory, which must be empty or not exist,
// and appears whole. All of it is public: the commitments and weights, in their order.
func (t *Tree) Export(dir string) error {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if err := t.export(filepath.Clean(dir)); err != nil {
		return fmt.Errorf("census: export: %w", err)
	}
	return nil
}

func (t *Tree) export(dir string) error {
	switch there, err := os.ReadDir(dir); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case len(there) > 0:
		return fmt.Errorf("%s holds files already: give an empty directory or a new one", dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	staging, err := os.MkdirTemp(filepath.Dir(dir), ".new-census-") // a name that an audit of a record passes over
	if err != nil {
		return err
	}
	defer os.RemoveAll(staging) // which is gone if all went well
	content, err := wire.MarshalCanonical(t.head())
	if err != nil {
		return err
	}
	if err := writeFile(staging, headFile, content); err != nil {
		return err
	}
	h := t.head()
	err = h.tiles(func(at tile) error {
		content = t.content(content[:0], at)
		return writeFile(staging, at.path(), content)
	})
	if err != nil {
		return err
	}
	if err := os.Chmod(staging, 0o755); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(staging, dir)
}

func writeFile(dir, name string, content []byte) error {
	p := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		return err
	}
	return os.WriteFile(p, content, 0o644)
}
