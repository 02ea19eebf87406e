package box

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// The public form of a log, C2SP tlog-tiles: a checkpoint, hash tiles, and entry bundles.
// docs/spec/log.md, "Published files".

const (
	checkpointName = "checkpoint"
	tileWidth      = 256 // hashes of a tile, entries of a bundle

	// entriesLevel stands for the entry bundles, whose numbers are those of level 0.
	entriesLevel = -1

	// maxLevel is the top level of a log of maxLogSize ballots.
	maxLevel = 48 / 8
)

// A tile is the n-th of its level, with width hashes or entries of 256.
type tile struct {
	level int
	n     uint64
	width int
}

// end is the number of level's hashes (or entries) up to and including the tile's.
func (t tile) end() uint64 { return t.n*tileWidth + uint64(t.width) }

// path is where the tile is published: tile/<L>/<N>[.p/<W>].
func (t tile) path() string {
	level := "entries"
	if t.level != entriesLevel {
		level = strconv.Itoa(t.level)
	}
	n := fmt.Sprintf("%03d", t.n%1000)
	for rest := t.n / 1000; rest > 0; rest /= 1000 {
		n = fmt.Sprintf("x%03d/%s", rest%1000, n)
	}
	p := "tile/" + level + "/" + n
	if t.width != tileWidth {
		p += partialSuffix + "/" + strconv.Itoa(t.width)
	}
	return p
}

const partialSuffix = ".p"

// parseTilePath is the inverse of path. What is no number is read as one that path does not write so.
func parseTilePath(path string) (tile, bool) {
	t := tile{level: entriesLevel, width: tileWidth}
	level, rest, _ := strings.Cut(strings.TrimPrefix(path, "tile/"), "/")
	if level != "entries" {
		l, _ := strconv.ParseUint(level, 10, 8)
		if l > maxLevel {
			return t, false
		}
		t.level = int(l)
	}
	if n, w, found := strings.Cut(rest, partialSuffix+"/"); found {
		width, _ := strconv.ParseUint(w, 10, 16)
		if width == 0 || width >= tileWidth {
			return t, false
		}
		rest, t.width = n, int(width)
	}
	for g := range strings.SplitSeq(rest, "/") {
		d, _ := strconv.ParseUint(strings.TrimPrefix(g, "x"), 10, 16)
		t.n = t.n*1000 + d
	}
	return t, t.n < maxLogSize/tileWidth && t.path() == path // far beyond, end would overflow
}

// tilesOf calls visit for every tile of one level of a log, from the left.
func tilesOf(level int, size uint64, visit func(tile) error) error {
	hashes := size >> (8 * max(level, 0))
	for n := range hashes / tileWidth {
		if err := visit(tile{level, n, tileWidth}); err != nil {
			return err
		}
	}
	if w := int(hashes % tileWidth); w > 0 {
		return visit(tile{level, hashes / tileWidth, w})
	}
	return nil
}

// A tree holds the hashes of a log in tlog's order of storage.
type tree []tlog.Hash

// ReadHashes makes a tree a tlog.HashReader.
func (t tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(t)) {
			return nil, fmt.Errorf("box: hash %d of %d", x, len(t))
		}
		out[i] = t[x]
	}
	return out, nil
}

// add appends leaf number n, and the roots of the subtrees that it completes.
func (t *tree) add(n uint64, leaf tlog.Hash) error {
	if stored := tlog.StoredHashCount(int64(n)); stored != int64(len(*t)) {
		return fmt.Errorf("box: leaf %d of a tree of %d hashes", n, len(*t))
	}
	*t = append(*t, leaf)
	h := leaf
	for level := 0; n>>level&1 == 1; level++ {
		h = tlog.NodeHash((*t)[tlog.StoredHashIndex(level, int64(n>>level)-1)], h)
		*t = append(*t, h)
	}
	return nil
}

func (t tree) root(size uint64) (tlog.Hash, error) { return tlog.TreeHash(int64(size), t) }

func (t tree) leaf(n uint64) tlog.Hash { return t[tlog.StoredHashIndex(0, int64(n))] }

// tile returns the content of a hash tile.
func (t tree) tile(of tile) []byte {
	b := make([]byte, 0, of.width*tlog.HashSize)
	for i := range of.width {
		h := t[tlog.StoredHashIndex(8*of.level, int64(of.n*tileWidth)+int64(i))]
		b = append(b, h[:]...)
	}
	return b
}

// A finder knows the numbers of a tree's leaves: for each, 8 bytes of its hash and the number.
type finder struct {
	first map[uint64]uint64    // the start of a leaf's hash -> number
	rest  map[tlog.Hash]uint64 // of leaves whose hash starts as an earlier one's
}

func newFinder(leaves int) finder {
	return finder{make(map[uint64]uint64, leaves), map[tlog.Hash]uint64{}}
}

func (f *finder) count() uint64 { return uint64(len(f.first) + len(f.rest)) }

// find returns the number of a leaf of t.
func (f *finder) find(t tree, leaf tlog.Hash) (n uint64, ok bool) {
	n, ok = f.first[start(leaf)]
	if ok && t.leaf(n) != leaf {
		n, ok = f.rest[leaf]
	}
	return n, ok
}

// add notes the number of a leaf that it did not find before.
func (f *finder) add(n uint64, leaf tlog.Hash) {
	if _, taken := f.first[start(leaf)]; taken {
		f.rest[leaf] = n
	} else {
		f.first[start(leaf)] = n
	}
}

func start(leaf tlog.Hash) uint64 { return binary.BigEndian.Uint64(leaf[:]) }
