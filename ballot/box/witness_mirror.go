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
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
)

// Unproven is the error of a Mirror that was shown a checkpoint which the operator signed, and could
// not tell whether it is consistent with those that were seen before: the server withholds tiles, or
// has others. It proves nothing. But two histories may have been signed, so keep Checkpoint.Note:
// once a copy has more ballots, CheckConsistency with its tiles tells.
type Unproven struct {
	Checkpoint *Checkpoint
	Err        error
}

func (e *Unproven) Error() string {
	return fmt.Sprintf("a signed checkpoint of %d ballots was not shown to be consistent with what was seen before: %v", e.Checkpoint.Size, e.Err)
}

func (e *Unproven) Unwrap() error { return e.Err }

// Mirror copies a published log from one place to the directory dir, as far as it has grown since
// the last call, and returns the checkpoint that dir holds then, cosigned by w.
//
// The checkpoint is compared with the one that dir holds and the last one that w cosigned, then
// cosigned and remembered, and only then are the files copied, each one after it was checked against
// the signed root. So what was seen once is never forgotten, whatever is copied. The cosigned
// checkpoint is published last, so a reader of dir finds all files of the checkpoint that it read.
// Each file appears whole, and one that is there already is never replaced by another content. A call
// that was interrupted is taken up by the next one, and a file that was lost is copied again.
//
// If the operator has cheated, the error is an *Evidence, and dir stays as it is. An older
// checkpoint than the last one changes nothing, if it is the beginning of it. One that could not be
// compared is an *Unproven. ErrDamaged means that dir contradicts the checkpoint, or is ahead of what w
// remembers, as after the loss of its file; then nothing is cosigned, and only a person can tell what
// happened. Any other error says nothing about the operator: files are missing, or a disk failed.
//
// from is not trusted. No more is read of a file than it can have, and nothing of a log that has
// more ballots than the election can have. One bundle, at most 16 MiB, is in memory at a time.
// Calls wait for each other.
func (w *Witness) Mirror(ctx context.Context, from fs.FS, dir string) (*Checkpoint, error) {
	w.mirroring.Lock()
	defer w.mirroring.Unlock()
	c, err := w.mirror(ctx, from, filepath.Clean(dir))
	if err != nil {
		return nil, fmt.Errorf("box: mirror: %w", err)
	}
	return c, nil
}

func (w *Witness) mirror(ctx context.Context, from fs.FS, dir string) (*Checkpoint, error) {
	if from == nil {
		return nil, fmt.Errorf("%w: no files", ballot.ErrMalformed)
	}
	head, err := w.ready()
	if err != nil {
		return nil, err
	}
	signed, err := readPublished(from, checkpointName, maxNoteBytes)
	if err != nil {
		return nil, err
	}
	c, err := readCheckpoint(w.manifest, signed)
	if err != nil {
		return nil, err
	}
	held, unreadable := readCopy(w.manifest, dir)
	p, err := w.compare(c, head, held, from, dir)
	if err != nil {
		return nil, err
	}
	if unreadable != nil {
		return nil, &Unproven{c, unreadable}
	}
	if held != nil && (head == nil || held.Size > head.Size || held.Closed && !head.Closed) {
		return nil, fmt.Errorf("%w: %s holds a checkpoint of %d ballots, closed: %t, and the witness remembers none or an older one: its file was lost or put back, or the directory is another witness's; put the newest file in its place, or mirror to another directory", ErrDamaged, dir, held.Size, held.Closed)
	}
	if head == nil || c.Size > head.Size || c.Size == head.Size && c.Closed && !head.Closed {
		if _, err := w.Cosign(signed, p); err != nil {
			return nil, err
		}
		head = w.Last()
	}
	return head, (&copying{from: from, dir: dir, head: head}).run(ctx, held)
}

// ready returns the last checkpoint, and an error if the witness takes no work.
func (w *Witness) ready() (*Checkpoint, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil || w.last == nil {
		return nil, err
	}
	return w.last.clone(), nil
}

// readCopy returns the checkpoint that dir holds; nil if there is none.
func readCopy(m *ballot.Manifest, dir string) (*Checkpoint, error) {
	b, err := readPublished(os.DirFS(dir), checkpointName, maxNoteBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := readCheckpoint(m, b)
	if err != nil {
		return nil, fmt.Errorf("%w: %s holds something else: %w", ErrDamaged, dir, err)
	}
	return c, nil
}

// compare checks c against what was seen before: the last checkpoint, and the one that dir holds, which
// may be newer if the witness has forgotten. It returns the proof that c extends the last one. The
// error is an *Evidence if there is one, whatever else was not to be found.
func (w *Witness) compare(c, head, held *Checkpoint, from fs.FS, dir string) (p tlog.TreeProof, err error) {
	for _, seen := range []*Checkpoint{head, held} {
		if seen != nil && seen.Origin != c.Origin {
			return nil, fmt.Errorf("%w: the checkpoint is of box %d, %s, the one that was seen before of %s", ballot.ErrMalformed, c.Box, c.Origin, seen.Origin)
		}
	}
	if most := mostBallots(w.manifest); c.Size > most {
		err = fmt.Errorf("%w: the log has %d ballots, and the election can have %d", ballot.ErrInvalid, c.Size, most)
		from = nil // the notes alone may still be evidence
	}
	check := func(seen, c *Checkpoint, tiles fs.FS) (p tlog.TreeProof) {
		if seen == nil || c == nil || errors.As(err, new(*Evidence)) {
			return nil
		}
		if c.Size < seen.Size {
			tiles = os.DirFS(dir)
		}
		p, problem := checkConsistency(w.manifest, seen, c, tiles)
		if err == nil || errors.As(problem, new(*Evidence)) {
			err = problem
		}
		return p
	}
	p = check(head, c, from)
	check(held, c, from)
	if held != nil && c.Size < held.Size { // else both are shown to be beginnings of c, or c lies between them
		check(head, held, os.DirFS(dir))
	}
	if err != nil && !errors.As(err, new(*Evidence)) {
		return nil, &Unproven{c, err}
	}
	return p, err
}

// mostBallots is how many ballots a log of m can have: every voter has so many turns.
func mostBallots(m *ballot.Manifest) uint64 {
	return m.Census().Size * (uint64(m.Revote().Limit) + 1)
}

// A copying brings a directory to a checkpoint.
type copying struct {
	from    fs.FS
	dir     string
	head    *Checkpoint
	old     uint64 // size of the checkpoint that dir holds
	current bool   // dir holds the head itself: only files that were lost are copied
	tree    *tileTree
}

// run copies what is missing. held is the checkpoint that dir holds, which is the beginning of the
// head; nil if there is none: then what lies there already is compared by its content.
func (c *copying) run(ctx context.Context, held *Checkpoint) error {
	if err := makePublic(c.dir); err != nil {
		return err
	}
	if err := c.sweep(); err != nil {
		return err
	}
	if held != nil {
		c.old, c.current = held.Size, held.Digest() == c.head.Digest() && bytes.Equal(held.Note, c.head.Note)
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
	if c.current {
		return nil
	}
	return c.replace(checkpointName, c.head.Note)
}

// sweep removes files in the making that a call left which did not end.
func (c *copying) sweep() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasPrefix(e.Name(), temporaryName) {
			if err := os.Remove(filepath.Join(c.dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// tile copies a hash tile, and at level 0 the bundle of its entries.
func (c *copying) tile(t tile) error {
	bundle := tile{entriesLevel, t.n, t.width}
	if t.end() <= c.old>>(8*t.level) {
		if t.width == tileWidth && !c.current {
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

// has says whether a file is there, and may be the one of a tile by its size.
func (c *copying) has(t tile) bool {
	info, err := os.Stat(c.name(t.path()))
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	if t.level == entriesLevel {
		return info.Size() >= 2*int64(t.width)
	}
	return info.Size() == int64(t.width)*tlog.HashSize
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
	name := c.name(path)
	dir := filepath.Dir(name)
	if err := makePublic(dir); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.dir, temporaryName+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails harmlessly once renamed
	_, err = f.Write(content)
	if err == nil {
		err = errors.Join(f.Chmod(0o644), f.Sync())
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return syncDir(dir)
}

// makePublic makes a directory that anybody may read, and those above it that are missing, with
// durable names.
func makePublic(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	above := filepath.Dir(dir)
	if above == dir {
		return &fs.PathError{Op: "mkdir", Path: dir, Err: fs.ErrNotExist}
	}
	if err := makePublic(above); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(above)
}
