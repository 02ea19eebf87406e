package box

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
)

// Mirror copies a published log from one place to the directory dir, as far as it has grown since
// the last call, and returns the checkpoint that dir holds then, cosigned by w.
//
// The checkpoint is compared with the last one that w cosigned, then cosigned and remembered, and
// only then are the files copied, each one after it was checked against the signed root. So what
// was seen once is never forgotten, whatever is copied. The cosigned checkpoint is published last,
// so a reader of dir finds all files of the checkpoint that it read. Each file appears whole, and
// one that is there already is never replaced by another content. A call that was interrupted is
// taken up by the next one.
//
// If the operator has cheated, the error is an *Evidence, and dir stays as it is. An older
// checkpoint than the last one changes nothing, if it is the beginning of it. Any other error says
// nothing about the operator: files are missing or not those of the checkpoint, or a disk failed.
//
// from is not trusted. No more is read of a file than it can have, and nothing of a log that has
// more ballots than the election can have. One bundle, at most 16 MiB, is in memory at a time.
// One Mirror of a witness runs at a time.
func (w *Witness) Mirror(ctx context.Context, from fs.FS, dir string) (*Checkpoint, error) {
	c, err := w.mirror(ctx, from, filepath.Clean(dir))
	if err != nil {
		return nil, fmt.Errorf("box: mirror: %w", err)
	}
	return c, nil
}

func (w *Witness) mirror(ctx context.Context, from fs.FS, dir string) (*Checkpoint, error) {
	signed, err := readPublished(from, checkpointName, maxNoteBytes)
	if err != nil {
		return nil, err
	}
	c, err := readCheckpoint(w.manifest, signed)
	if err != nil {
		return nil, err
	}
	if most := mostBallots(w.manifest); c.Size > most {
		return nil, fmt.Errorf("%w: the log has %d ballots, and the election can have %d", ballot.ErrInvalid, c.Size, most)
	}
	head := w.Last()
	var p tlog.TreeProof
	if head != nil {
		tiles := from
		if c.Size < head.Size {
			tiles = os.DirFS(dir)
		}
		if p, err = checkConsistency(w.manifest, head, c, tiles); err != nil {
			return nil, err
		}
	}
	if head == nil || c.Size > head.Size || c.Size == head.Size && c.Closed && !head.Closed {
		if _, err := w.Cosign(signed, p); err != nil {
			return nil, err
		}
		head = w.Last()
	}
	return head, (&copying{from: from, dir: dir, head: head}).run(ctx, w.manifest)
}

// mostBallots is how many ballots a log of m can have: every voter has so many turns.
func mostBallots(m *ballot.Manifest) uint64 {
	return m.Census().Size * (uint64(m.Revote().Limit) + 1)
}

// A copying brings a directory to a checkpoint.
type copying struct {
	from fs.FS
	dir  string
	head *Checkpoint
	old  uint64 // size of the checkpoint that dir holds
	tree *tileTree
}

func (c *copying) run(ctx context.Context, m *ballot.Manifest) error {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	published, err := c.published(m)
	if err != nil || published {
		return err
	}
	if c.head.Size > 0 {
		c.tree = newTileTree(c.from, c.head)
	}
	for level := range maxLevel + 1 {
		err := tilesOf(level, c.head.Size, func(t tile) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return c.tile(t)
		})
		if err != nil {
			return err
		}
	}
	return c.replace(checkpointName, c.head.Note)
}

// published reports whether dir holds the checkpoint already, and refuses another log.
func (c *copying) published(m *ballot.Manifest) (bool, error) {
	b, err := readPublished(os.DirFS(c.dir), checkpointName, maxNoteBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	old, err := readCheckpoint(m, b)
	if err != nil {
		return false, fmt.Errorf("%s holds something else: %w", c.dir, err)
	}
	if old.Origin != c.head.Origin || old.Size > c.head.Size || old.Closed && !c.head.Closed {
		return false, fmt.Errorf("%s holds %d ballots of %s, closed: %t, and the witness has seen %d of %s, closed: %t: it is another witness's", c.dir, old.Size, old.Origin, old.Closed, c.head.Size, c.head.Origin, c.head.Closed)
	}
	c.old = old.Size
	return old.Digest() == c.head.Digest() && bytes.Equal(b, c.head.Note), nil
}

// tile copies a hash tile, and at level 0 the bundle of its entries.
func (c *copying) tile(t tile) error {
	bundle := tile{entriesLevel, t.n, t.width}
	if t.end() <= c.old>>(8*t.level) {
		if t.width == tileWidth {
			if err := c.removePartial(t, bundle); err != nil {
				return err
			}
		}
		if c.has(t) && (t.level > 0 || c.has(bundle)) {
			return nil
		}
	}
	hashes, err := c.tree.content(t)
	if err != nil {
		return err
	}
	if err := c.write(t.path(), hashes); err != nil {
		return err
	}
	if t.level > 0 {
		return c.prune(t)
	}
	b, err := c.bundle(bundle, hashes)
	if err != nil {
		return err
	}
	if err := c.write(bundle.path(), b); err != nil {
		return err
	}
	return errors.Join(c.prune(t), c.prune(bundle))
}

// bundle reads the entries of a bundle and compares them with their leaves.
func (c *copying) bundle(t tile, leaves []byte) ([]byte, error) {
	b, err := readPublished(c.from, t.path(), tileWidth*(2+maxEntry))
	whole := true
	if errors.Is(err, fs.ErrNotExist) && t.width < tileWidth { // it may have given way to the full one
		full, fullErr := readPublished(c.from, tile{t.level, t.n, tileWidth}.path(), tileWidth*(2+maxEntry))
		if fullErr == nil {
			b, err, whole = full, nil, false
		}
	}
	if err != nil {
		return nil, err
	}
	rest := b
	for i := range t.width {
		raw, after, ok := cutEntry(rest)
		if !ok {
			return nil, fmt.Errorf("%w: %s ends within entry %d of %d", ballot.ErrMalformed, t.path(), i, t.width)
		}
		if tlog.RecordHash(raw) != tlog.Hash(leaves[i*tlog.HashSize:(i+1)*tlog.HashSize]) {
			return nil, fmt.Errorf("%w: entry %d of %s is not the one that the checkpoint covers", ballot.ErrInvalid, i, t.path())
		}
		rest = after
	}
	if whole && len(rest) > 0 {
		return nil, fmt.Errorf("%w: %s has %d bytes after its last entry", ballot.ErrMalformed, t.path(), len(rest))
	}
	return b[:len(b)-len(rest)], nil
}

func (c *copying) name(path string) string { return filepath.Join(c.dir, filepath.FromSlash(path)) }

func (c *copying) has(t tile) bool {
	info, err := os.Stat(c.name(t.path()))
	return err == nil && info.Mode().IsRegular()
}

// removePartial removes what the full tiles have replaced since the last checkpoint.
func (c *copying) removePartial(tiles ...tile) error {
	for _, t := range tiles {
		if err := os.RemoveAll(c.name(t.path()) + partialSuffix); err != nil {
			return err
		}
	}
	return nil
}

// prune removes older versions of a partial tile, but for the one of the checkpoint that dir
// still holds, which somebody may be reading.
func (c *copying) prune(t tile) error {
	if t.width == tileWidth {
		return nil
	}
	keep := map[string]bool{strconv.Itoa(t.width): true}
	if hashes := c.old >> (8 * max(t.level, 0)); hashes/tileWidth == t.n {
		keep[strconv.Itoa(int(hashes%tileWidth))] = true
	}
	dir := filepath.Dir(c.name(t.path()))
	versions, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, v := range versions {
		if !keep[v.Name()] {
			if err := os.RemoveAll(filepath.Join(dir, v.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// write publishes a file that never changes again.
func (c *copying) write(path string, content []byte) error {
	old, err := readPublished(os.DirFS(c.dir), path, len(content))
	switch {
	case err == nil && bytes.Equal(old, content):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return c.replace(path, content)
	case err == nil || errors.Is(err, ballot.ErrMalformed):
		return fmt.Errorf("%w: %s holds another content than the checkpoint covers; nothing was changed", ErrDamaged, c.name(path))
	}
	return err
}

// replace writes a file in one step.
func (c *copying) replace(path string, content []byte) error {
	dir, name := filepath.Split(c.name(path))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(c.dir, temporaryName), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDir(filepath.Clean(dir))
}
