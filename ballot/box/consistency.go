package box

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
)

// CheckConsistency says whether one of two checkpoints of one box extends the other: whether all
// that the smaller one covers is the beginning of what the larger one covers. They may come in
// either order.
//
// tiles are published files that hold the hash tiles of the larger checkpoint: the directory that
// Box.Export writes, a copy, or a web server. They need not be trusted. They are not read, and
// may be nil, if the notes alone decide: two checkpoints of one size, one of no ballots, or a
// closed one with a larger one.
//
// A nil error comes with the proof of RFC 6962, section 2.1.2, that the larger one extends the
// smaller, which tlog.CheckTree accepts; it is empty if the notes alone decide. If neither extends
// the other, the error is an *Evidence. Any other error says nothing about the operator: a
// signature does not hold, a tile is missing, or the tiles are not those of the larger checkpoint.
func CheckConsistency(m *ballot.Manifest, a, b *Checkpoint, tiles fs.FS) (tlog.TreeProof, error) {
	p, err := checkConsistency(m, a, b, tiles)
	if err != nil {
		return nil, fmt.Errorf("box: consistency: %w", err)
	}
	return p, nil
}

func checkConsistency(m *ballot.Manifest, a, b *Checkpoint, tiles fs.FS) (tlog.TreeProof, error) {
	older, err := a.reread(m)
	if err != nil {
		return nil, err
	}
	newer, err := b.reread(m)
	if err != nil {
		return nil, err
	}
	if older.Origin != newer.Origin {
		return nil, fmt.Errorf("%w: checkpoints of two boxes, %s and %s", ballot.ErrMalformed, older.Origin, newer.Origin)
	}
	if older.Size > newer.Size {
		older, newer = newer, older
	}
	switch {
	case older.Size == newer.Size:
		if older.Hash != newer.Hash {
			return nil, proven(m, &Evidence{Kind: Forked, First: older, Second: newer})
		}
		return tlog.TreeProof{}, nil
	case older.Closed:
		return nil, proven(m, &Evidence{Kind: Reopened, First: older, Second: newer})
	case older.Size == 0:
		return tlog.TreeProof{}, nil
	}

	tree := newTileTree(tiles, newer)
	root, err := tree.root(older.Size)
	if err != nil {
		return nil, err
	}
	p, err := tree.extension(older.Size)
	if err != nil {
		return nil, err
	}
	if root != older.Hash {
		return nil, proven(m, &Evidence{Kind: Rewritten, First: older, Second: newer, root: root, extension: p})
	}
	return p, checkExtension(p, newer, older.Size, root)
}

// checkExtension checks that the first size ballots of c's tree have a root.
func checkExtension(p tlog.TreeProof, c *Checkpoint, size uint64, root tlog.Hash) error {
	if err := tlog.CheckTree(p, int64(c.Size), c.Hash, int64(size), root); err != nil { //check:evidence/extension
		return fmt.Errorf("%w: the hashes do not show that the first %d ballots under the root %s have the root %s", ballot.ErrInvalid, size, c.Hash, root)
	}
	return nil
}

// A tileTree reads hashes of a checkpoint's tree from published tiles. Every hash that it
// returns was authenticated against the checkpoint's root.
type tileTree struct {
	head   *Checkpoint
	tiles  *tileFiles
	hashes tlog.HashReader
}

// newTileTree wants a checkpoint of at least one ballot.
func newTileTree(files fs.FS, head *Checkpoint) *tileTree {
	t := &tileFiles{files: files, kept: map[tile][]byte{}}
	return &tileTree{head, t, tlog.TileHashReader(tlog.Tree{N: int64(head.Size), Hash: head.Hash}, t)}
}

// root is the root of the first size ballots.
func (t *tileTree) root(size uint64) (tlog.Hash, error) {
	h, err := tlog.TreeHash(int64(size), t.hashes)
	return h, t.tiles.explain(err, t.head)
}

// extension proves that the first size ballots, at least one, are the beginning of the tree.
func (t *tileTree) extension(size uint64) (tlog.TreeProof, error) {
	p, err := tlog.ProveTree(int64(t.head.Size), int64(size), t.hashes)
	return p, t.tiles.explain(err, t.head)
}

// inclusion returns the leaf of a ballot and proves where it stands.
func (t *tileTree) inclusion(index uint64) (tlog.Hash, tlog.RecordProof, error) {
	leaf, err := t.hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
	if err != nil {
		return tlog.Hash{}, nil, t.tiles.explain(err, t.head)
	}
	p, err := tlog.ProveRecord(int64(t.head.Size), int64(index), t.hashes)
	return leaf[0], p, t.tiles.explain(err, t.head)
}

// content returns a whole hash tile.
func (t *tileTree) content(of tile) ([]byte, error) {
	indexes := make([]int64, of.width)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(8*of.level, int64(of.n*tileWidth)+int64(i))
	}
	hashes, err := t.hashes.ReadHashes(indexes)
	if err != nil {
		return nil, t.tiles.explain(err, t.head)
	}
	b := make([]byte, 0, of.width*tlog.HashSize)
	for _, h := range hashes {
		b = append(b, h[:]...)
	}
	return b, nil
}

// tileFiles is a tlog.TileReader of published files.
type tileFiles struct {
	files  fs.FS
	kept   map[tile][]byte // the last ones: those at the top are wanted again and again
	failed error
}

// maxKept bounds how many tiles are kept, of 8 KiB each.
const maxKept = 64

func (*tileFiles) Height() int { return 8 }

func (f *tileFiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		if out[i], f.failed = f.read(tile{t.L, uint64(t.N), t.W}); f.failed != nil {
			return nil, f.failed
		}
	}
	return out, nil
}

func (f *tileFiles) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	for i, t := range tiles {
		if len(f.kept) >= maxKept {
			clear(f.kept)
		}
		f.kept[tile{t.L, uint64(t.N), t.W}] = data[i]
	}
}

// read reads a hash tile. A partial tile may have given way to the full one.
func (f *tileFiles) read(t tile) ([]byte, error) {
	if b, ok := f.kept[t]; ok {
		return b, nil
	}
	if f.files == nil {
		return nil, errors.New("the hash tiles are wanted, and there are none")
	}
	b, err := readPublished(f.files, t.path(), tileWidth*tlog.HashSize)
	if errors.Is(err, fs.ErrNotExist) && t.width < tileWidth {
		full, fullErr := readPublished(f.files, tile{t.level, t.n, tileWidth}.path(), tileWidth*tlog.HashSize)
		if fullErr == nil {
			b, err = full[:min(len(full), t.width*tlog.HashSize)], nil
		}
	}
	if err == nil && len(b) != t.width*tlog.HashSize {
		err = fmt.Errorf("%w: %s holds %d bytes, %d wanted", ballot.ErrMalformed, t.path(), len(b), t.width*tlog.HashSize)
	}
	return b, err
}

// explain tells a file that could not be read from one that holds other hashes.
func (f *tileFiles) explain(err error, head *Checkpoint) error {
	if err == nil {
		return nil
	}
	if f.failed != nil {
		return f.failed
	}
	return fmt.Errorf("%w: the tiles are not those of the checkpoint of %d ballots with the root %s: %v", ballot.ErrInvalid, head.Size, head.Hash, err)
}
