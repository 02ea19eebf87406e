package box

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/bits"
	"path"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
)

// A Log is the published form of an election's log, as an auditor reads it. Nothing in it
// is trusted but what the checkpoint's signature and root cover.
type Log struct {
	files fs.FS
	head  *Checkpoint
}

// OpenLog reads the checkpoint of a published log of m's election and checks its signature.
// files is the directory that Box.Export writes (a record's log/).
func OpenLog(files fs.FS, m *ballot.Manifest) (*Log, error) {
	if files == nil || m == nil {
		return nil, fmt.Errorf("box: log: %w: no files or no manifest", ballot.ErrMalformed)
	}
	b, err := readPublished(files, checkpointName, maxNoteBytes)
	if err != nil {
		return nil, fmt.Errorf("box: log: %w", err)
	}
	head, err := readCheckpoint(m, b)
	if err != nil {
		return nil, fmt.Errorf("box: log: %w", err)
	}
	return &Log{files: files, head: head}, nil
}

// Checkpoint returns the log's checkpoint; nil if OpenLog did not make the log.
func (l *Log) Checkpoint() *Checkpoint {
	if l.head == nil {
		return nil
	}
	return l.head.clone()
}

// Entries returns the raw ballots in the log's order, bundle by bundle. It recomputes every
// hash tile and the root; an entry was proven to be in the log only when the iteration ends
// without an error, which comes as its last pair. A file that is missing, that differs in
// one byte or that a closed log should not have is an error. Beside a log that is still
// open, files of later ballots may lie, and are left alone: a log can be read while it grows. Of a
// partial tile that has gone meanwhile, the start of a later version is taken.
//
// One bundle, at most 16 MiB, is in memory at a time; whatever size the checkpoint claims.
func (l *Log) Entries(ctx context.Context) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		r := &logReader{Log: l, superseded: map[tile][]int{}}
		stopped, err := r.read(ctx, yield)
		if err != nil && !stopped {
			yield(nil, fmt.Errorf("box: log: %w", err))
		}
	}
}

// A logReader recomputes a log from its bundles.
type logReader struct {
	*Log
	superseded map[tile][]int // older widths of a partial tile that still lie there; key: the full tile
	levels     [maxLevel + 1]struct {
		n      uint64 // number of the tile that is being filled
		hashes []byte
	}
	roots [49]tlog.Hash // roots[k]: the subtree of 2^k leaves that bit k of count stands for
	count uint64
}

func (r *logReader) read(ctx context.Context, yield func([]byte, error) bool) (stopped bool, err error) {
	if r.head == nil {
		return false, fmt.Errorf("%w: it was not opened", ballot.ErrMalformed)
	}
	if err := r.walk(ctx); err != nil {
		return false, err
	}
	err = tilesOf(entriesLevel, r.head.Size, func(t tile) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := r.bundle(t)
		if err != nil {
			return err
		}
		for _, raw := range entries {
			if err := r.add(tlog.RecordHash(raw)); err != nil {
				return err
			}
			if !yield(raw, nil) {
				stopped = true
				return errors.New("stopped")
			}
		}
		return nil
	})
	if err != nil {
		return stopped, err
	}
	for level := range r.levels {
		if err := r.checkTile(level); err != nil {
			return false, err
		}
	}
	if root := r.root(); root != r.head.Hash { //check:log/root
		return false, fmt.Errorf("%w: the root of the %d published ballots is %s, the checkpoint says %s", ballot.ErrInvalid, r.count, root, r.head.Hash)
	}
	return false, nil
}

// walk finds files that do not belong to the log.
func (r *logReader) walk(ctx context.Context) error {
	err := fs.WalkDir(r.files, "tile", func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path != "tile" {
			return nil // gone meanwhile: what is wanted is missed later
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.IsDir() {
			return nil
		}
		t, ok := parseTilePath(path)
		if !ok { //check:log/name
			return fmt.Errorf("%w: %q is no file of a log", ballot.ErrMalformed, path)
		}
		hashes := r.head.Size >> (8 * max(t.level, 0))
		switch end := t.end(); {
		case end > hashes:
			if r.head.Closed { //check:log/beyond
				return fmt.Errorf("%w: %s lies beyond the %d ballots of the closed log", ballot.ErrInvalid, path, r.head.Size)
			}
		case t.width < tileWidth && end < hashes:
			full := tile{t.level, t.n, tileWidth}
			r.superseded[full] = append(r.superseded[full], t.width)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) && r.head.Size == 0 {
		return nil
	}
	return err
}

// bundle reads the entries of a bundle.
func (r *logReader) bundle(t tile) ([][]byte, error) {
	b, of, err := r.tile(t, tileWidth*(2+maxEntry))
	if err != nil {
		return nil, err
	}
	entries := make([][]byte, t.width)
	rest := b
	for i := range entries {
		var ok bool
		if entries[i], rest, ok = cutEntry(rest); !ok {
			return nil, fmt.Errorf("%w: %s ends within entry %d of %d", ballot.ErrMalformed, of.path(), i, of.width)
		}
	}
	if len(rest) > 0 && of == t { //check:log/trailing
		return nil, fmt.Errorf("%w: %s has %d bytes after its last entry", ballot.ErrMalformed, t.path(), len(rest))
	}
	return entries, r.checkSuperseded(tile{entriesLevel, t.n, tileWidth}, b, func(w int) int {
		n := 0
		for _, raw := range entries[:w] {
			n += 2 + len(raw)
		}
		return n
	})
}

// add appends a leaf to the tree and to the tiles.
func (r *logReader) add(leaf tlog.Hash) error {
	h := leaf
	for k := range bits.TrailingZeros64(^r.count) {
		h = tlog.NodeHash(r.roots[k], h)
	}
	r.roots[bits.TrailingZeros64(^r.count)] = h
	r.count++

	h = leaf
	for level := range r.levels {
		at := &r.levels[level]
		at.hashes = append(at.hashes, h[:]...)
		if len(at.hashes) < tileWidth*tlog.HashSize {
			break
		}
		if err := r.checkTile(level); err != nil {
			return err
		}
		h = subtree(at.hashes)
		at.hashes = at.hashes[:0]
		at.n++
	}
	return nil
}

// root is RFC 6962's tree hash of the leaves so far.
func (r *logReader) root() tlog.Hash {
	if r.count == 0 {
		return sha256.Sum256(nil)
	}
	k := bits.TrailingZeros64(r.count)
	h := r.roots[k]
	for k++; k < len(r.roots); k++ {
		if r.count>>k&1 == 1 {
			h = tlog.NodeHash(r.roots[k], h)
		}
	}
	return h
}

// subtree is the root of a power of two of hashes.
func subtree(hashes []byte) tlog.Hash {
	if len(hashes) == tlog.HashSize {
		return tlog.Hash(hashes)
	}
	half := len(hashes) / 2
	return tlog.NodeHash(subtree(hashes[:half]), subtree(hashes[half:]))
}

// checkTile compares the tile that is being filled with the published one.
func (r *logReader) checkTile(level int) error {
	at := &r.levels[level]
	width := len(at.hashes) / tlog.HashSize
	if width == 0 {
		return nil
	}
	t := tile{level, at.n, width}
	b, of, err := r.tile(t, tileWidth*tlog.HashSize)
	if err != nil {
		return err
	}
	if of != t {
		b = b[:min(len(b), len(at.hashes))]
	}
	if !bytes.Equal(b, at.hashes) { //check:log/tile
		return fmt.Errorf("%w: %s does not hold the hashes of the published ballots", ballot.ErrInvalid, of.path())
	}
	return r.checkSuperseded(tile{level, at.n, tileWidth}, b, func(w int) int { return w * tlog.HashSize })
}

// tile reads a tile. A partial one may have given way to the full one or, if that did not come yet,
// to wider ones; which of them was read is the second result.
func (r *logReader) tile(t tile, limit int) ([]byte, tile, error) {
	b, err := readPublished(r.files, t.path(), limit)
	if !errors.Is(err, fs.ErrNotExist) {
		return b, t, err
	}
	later := tile{t.level, t.n, tileWidth}
	if b, err := readPublished(r.files, later.path(), limit); !errors.Is(err, fs.ErrNotExist) {
		return b, later, err
	}
	later = t
	dir := path.Dir(t.path())
	versions, _ := fs.ReadDir(r.files, dir)
	for _, v := range versions {
		if w, ok := parseTilePath(path.Join(dir, v.Name())); ok && w.width > later.width {
			later = w
		}
	}
	b, err = readPublished(r.files, later.path(), limit)
	return b, later, err
}

// checkSuperseded compares the older, narrower versions of a tile with the start of this one.
func (r *logReader) checkSuperseded(full tile, content []byte, size func(width int) int) error {
	for _, w := range r.superseded[full] {
		path := tile{full.level, full.n, w}.path()
		n := size(w)
		b, err := readPublished(r.files, path, n)
		if errors.Is(err, fs.ErrNotExist) {
			continue // gone meanwhile
		}
		if err != nil {
			return err
		}
		if !bytes.Equal(b, content[:n]) { //check:log/superseded
			return fmt.Errorf("%w: %s is not the start of the tile that followed it", ballot.ErrInvalid, path)
		}
	}
	delete(r.superseded, full)
	return nil
}

// readPublished reads a file of at most limit bytes. It opens none that could block, as a pipe does.
func readPublished(files fs.FS, path string, limit int) ([]byte, error) {
	info, err := fs.Stat(files, path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no regular file", ballot.ErrMalformed, path)
	}
	f, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(b) > limit {
		return nil, fmt.Errorf("%w: %s is longer than %d bytes", ballot.ErrMalformed, path, limit)
	}
	return b, nil
}
