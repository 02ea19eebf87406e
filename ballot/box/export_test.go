package box

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

func TestTilePaths(t *testing.T) {
	for want, tl := range map[string]tile{
		"tile/0/000":                     {0, 0, 256},
		"tile/1/000.p/1":                 {1, 0, 1},
		"tile/0/x001/x234/067":           {0, 1234067, 256},
		"tile/entries/x001/x234/067":     {entriesLevel, 1234067, 256},
		"tile/entries/x001/000.p/255":    {entriesLevel, 1000, 255},
		"tile/6/999":                     {6, 999, 256},
		"tile/0/x001/x099/x511/x627/775": {0, 1<<40 - 1, 256},
		"tile/0/x001/x000/x000/000.p/9":  {0, 1e9, 9},
	} {
		require.Equal(t, want, tl.path())
		read, ok := parseTilePath(want)
		require.True(t, ok, want)
		require.Equal(t, tl, read)
	}
	for _, path := range []string{
		"", "tile", "tile/", "tile/0", "tile/0/", "tile/0/00", "tile/0/0000", "tile/0/1", "tile/00/000", "tile/-1/000", "tile/7/000",
		"tile/data/000", "tile/0/x000/000", "tile/0/001/000", "tile/0/x001/x000", "tile/0/x001", "tile/0/000.p", "tile/0/000.p/",
		"tile/0/000.p/0", "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/1/2", "tile/0/000.q/1", "tile/0/000/1", "tile/0/+01",
		"tile/0/x001/x001/x001/x001/x001/x001/001", "tile/0/x001/x099/x511/x627/776", "tile/0/x001/x099/x511/x627/776.p/1", "Tile/0/000", "tile/entries/000.p/-1", "tile/0/000.p/1.p/1", "tile/0/abc",
		"tile/0/000.p/300", "tile/0/000.p/65537", "tile/0/000.p/a", "tile/256/000", "tile/a/000", "0/000",
		"tile/0/x001/1000", "tile/0/65536", "tile/0/x018/x446/x744/x073/x709/x551/616", // 2^64 is not 0
	} {
		_, ok := parseTilePath(path)
		require.False(t, ok, path)
	}
}

// tree of 70,000 entries: the example of the C2SP page.
func TestTilesOfTheSpecification(t *testing.T) {
	count := func(level int, size uint64) (full, partial int) {
		require.NoError(t, tilesOf(level, size, func(t tile) error {
			if t.width == tileWidth {
				full++
			} else {
				partial = t.width
			}
			return nil
		}))
		return full, partial
	}
	for _, c := range []struct {
		level         int
		size          uint64
		full, partial int
	}{
		{entriesLevel, 70_000, 273, 112}, {0, 70_000, 273, 112}, {1, 70_000, 1, 17}, {2, 70_000, 0, 1}, {3, 70_000, 0, 0},
		{0, 256, 1, 0}, {1, 256, 0, 1}, {2, 256, 0, 0},
	} {
		full, partial := count(c.level, c.size)
		require.Equal(t, []int{c.full, c.partial}, []int{full, partial}, "level %d of %d", c.level, c.size)
	}
}

func filesOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	return contents(t, os.DirFS(dir))
}

func contents(tb testing.TB, files fs.FS) map[string][]byte {
	tb.Helper()
	out := map[string][]byte{}
	require.NoError(tb, fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out[path], err = fs.ReadFile(files, path)
		}
		return err
	}))
	return out
}

func mapFS(files map[string][]byte) fstest.MapFS {
	out := fstest.MapFS{}
	for path, b := range files {
		out[path] = &fstest.MapFile{Data: b}
	}
	return out
}

func TestExportAndReadAtManySizes(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	growing := t.TempDir()
	entries := numbered(600)
	have := 0
	for _, size := range []int{0, 1, 2, 3, 255, 256, 257, 258, 511, 512, 600} {
		s.logBytes(t, x, entries[have:size]...)
		have = size
		fresh := t.TempDir()
		for _, dir := range []string{growing, fresh, fresh} {
			require.NoError(t, x.Export(dir))
			l, err := OpenLog(os.DirFS(dir), s.Manifest)
			require.NoError(t, err)
			require.Equal(t, x.Checkpoint(), l.Checkpoint())
			read, err := entriesOf(t, os.DirFS(dir), s.Manifest)
			require.NoError(t, err)
			require.Len(t, read, size)
			require.True(t, slices.EqualFunc(entries[:size], read, bytes.Equal))
		}
		files := filesOf(t, fresh)
		for path, b := range filesOf(t, growing) {
			if exact, ok := files[path]; ok {
				require.Equal(t, exact, b, path)
			}
		}
	}

	s.seal(t, x)
	final := t.TempDir()
	require.NoError(t, x.Export(final))
	require.Equal(t, []string{
		"checkpoint",
		"tile/0/000", "tile/0/001", "tile/0/002.p/88",
		"tile/1/000.p/2",
		"tile/entries/000", "tile/entries/001", "tile/entries/002.p/88",
	}, slices.Sorted(maps.Keys(filesOf(t, final))))
	require.NoError(t, x.Export(growing))
	read, err := entriesOf(t, os.DirFS(growing), s.Manifest)
	require.NoError(t, err)
	require.Len(t, read, 600)
	require.NotContains(t, filesOf(t, growing), "tile/0/000.p/3", "a partial tile goes when the full one is published")
	require.NotContains(t, filesOf(t, growing), "tile/entries/001.p/1")

	// The same after the box is opened anew. (The entries are no ballots, so only the journal is.)
	require.NoError(t, x.Close())
	j, err := openJournal(opened(t, s.dir), s.Manifest.ID(), false)
	require.NoError(t, err)
	n := 0
	r, err := j.read(never, func(raw []byte, p place) error {
		require.Equal(t, entries[n], raw)
		again, err := j.ballot(p)
		require.NoError(t, err)
		require.Equal(t, raw, again)
		n++
		return nil
	})
	require.NoError(t, err)
	require.NoError(t, r.damage)
	require.True(t, j.sealed)
	require.Equal(t, 600, n)
}

func TestExportWritesFullTilesOnce(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.logBytes(t, x, numbered(300)...)
	dir := t.TempDir()
	require.NoError(t, x.Export(dir))
	full := filepath.Join(dir, "tile", "entries", "000")
	before, err := os.Stat(full)
	require.NoError(t, err)
	s.logBytes(t, x, numbered(1)...)
	require.NoError(t, x.Export(dir))
	after, err := os.Stat(full)
	require.NoError(t, err)
	require.True(t, os.SameFile(before, after))

	require.NoError(t, os.Remove(full))
	require.NoError(t, x.Export(dir), "a file that was lost is written again")
	_, err = entriesOf(t, os.DirFS(dir), s.Manifest)
	require.NoError(t, err)
}

func TestExportRefusesADirectoryOfAnotherLog(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	dir := t.TempDir()
	s.logBytes(t, x, numbered(2)...)
	require.NoError(t, x.Export(dir))
	published := filesOf(t, dir)
	unchanged := func(b *Box, want string) {
		require.ErrorContains(t, b.Export(dir), want)
		require.Equal(t, published, filesOf(t, dir))
	}

	other := newStage(t, electiontest.Config{})
	unchanged(other.open(t), "something else")

	s.dir = t.TempDir() // the operator begins anew
	forgetful := s.open(t)
	unchanged(forgetful, "lost ballots or its seal")
	s.logBytes(t, forgetful, []byte("a"), []byte("b"), []byte("c"))
	unchanged(forgetful, "another log of this election")

	unsealed := newStage(t, electiontest.Config{})
	x = unsealed.open(t)
	unsealed.logBytes(t, x, numbered(2)...)
	before := x.Checkpoint()
	unsealed.seal(t, x)
	dir = t.TempDir()
	require.NoError(t, x.Export(dir))
	published = filesOf(t, dir)
	x.head = before // as if the box came from a copy
	unchanged(x, "lost ballots or its seal")
	unsealed.logBytes(t, x, []byte("more"))
	x.journal.sealed = false
	require.NoError(t, x.journal.seal())
	require.NoError(t, x.advance())
	require.True(t, x.head.Closed)
	unchanged(x, "or went on after it")
}

// There, the export of an older head would roll back what protects the ballots from the end of a commit
// that was cut.
func TestExportRefusesADirectoryOfABox(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.logBytes(t, x, numbered(2)...)
	link := filepath.Join(t.TempDir(), "public")
	require.NoError(t, os.Symlink(s.dir, link))
	for _, dir := range []string{s.dir, s.dir + "/", link, newBoxDir(t)} {
		before := filesOf(t, dir)
		require.ErrorContains(t, x.Export(dir), "it is the directory of a box", dir)
		require.Equal(t, before, filesOf(t, dir))
	}
	require.NoError(t, x.Export(filepath.Join(s.dir, "public")), "within it there is no harm")
}

// newBoxDir is the directory of a box of another election.
func newBoxDir(t *testing.T) string {
	s := newStage(t, electiontest.Config{})
	s.open(t)
	return s.dir
}

// One who read a checkpoint reads its log, however far the box has gone on since.
func TestReaderOfAnOlderCheckpoint(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	dir := t.TempDir()
	entries := numbered(900)
	logs := map[int]*Log{}
	have := 0
	for _, size := range []int{0, 1, 100, 101, 102, 255, 256, 257, 300, 301, 302, 600, 900} {
		s.logBytes(t, x, entries[have:size]...)
		have = size
		require.NoError(t, x.Export(dir))
		l, err := OpenLog(os.DirFS(dir), s.Manifest)
		require.NoError(t, err)
		logs[size] = l
		for size, l := range logs {
			n := 0
			for raw, err := range l.Entries(context.Background()) {
				require.NoError(t, err, "%d of %d", size, have)
				require.Equal(t, entries[n], raw)
				n++
			}
			require.Equal(t, size, n)
		}
	}

	// A copy may hold what one mirror took last and another one took later: a wider version, and no full one.
	wide := t.TempDir()
	x2 := (&stage{Election: s.Election, dir: t.TempDir(), verifier: s.verifier}).open(t)
	s.logBytes(t, x2, entries[:302]...)
	require.NoError(t, x2.Export(wide))
	files := filesOf(t, wide)
	require.NotContains(t, files, "tile/0/001")
	n := 0
	for raw, err := range (&Log{files: mapFS(files), head: logs[300].head}).Entries(context.Background()) {
		require.NoError(t, err)
		require.Equal(t, entries[n], raw)
		n++
	}
	require.Equal(t, 300, n)

	// What the later version begins with must be right.
	for _, name := range []string{"tile/entries/001", "tile/0/001"} {
		files := filesOf(t, dir)
		require.NotContains(t, files, name+".p/44")
		for _, bad := range [][]byte{nil, files[name][:20], append([]byte{0, 0}, files[name]...), append([]byte{files[name][0] ^ 1}, files[name][1:]...)} {
			changed := maps.Clone(files)
			changed[name] = bad
			l := &Log{files: mapFS(changed), head: logs[300].head}
			var last error
			for _, err := range l.Entries(context.Background()) {
				last = err
			}
			require.Error(t, last)
			require.NotErrorIs(t, last, fs.ErrNotExist)
			require.ErrorContains(t, last, "00")
		}
	}
}

// A bundle that ends too early, a full tile that is not there and a reader who gives up while the names are looked
// at are told from a log with another root.
func TestLogErrorsSayWhatIsWrong(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.logBytes(t, x, numbered(300)...)
	dir := t.TempDir()
	require.NoError(t, x.Export(dir))
	read := func(ctx context.Context, name string, change func([]byte) []byte) error {
		files := filesOf(t, dir)
		if change != nil {
			files[name] = change(files[name])
			if files[name] == nil {
				delete(files, name)
			}
		}
		for _, err := range (&Log{files: mapFS(files), head: x.Checkpoint()}).Entries(ctx) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	none := func([]byte) []byte { return nil }
	short := func(b []byte) []byte { return b[:len(b)-1] }
	require.NoError(t, read(t.Context(), "", nil))
	for _, name := range []string{"tile/entries/000", "tile/entries/001.p/44"} {
		err := read(t.Context(), name, short)
		require.ErrorIs(t, err, ballot.ErrMalformed, name)
		require.ErrorContains(t, err, name+" ends within entry", name)
	}
	for _, name := range []string{"tile/entries/000", "tile/entries/001.p/44", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"} {
		err := read(t.Context(), name, none)
		require.ErrorIs(t, err, fs.ErrNotExist, name)
		require.ErrorContains(t, err, name)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, (&logReader{Log: &Log{files: os.DirFS(dir), head: x.Checkpoint()}}).walk(cancelled), context.Canceled)
}

func TestALogThatWasNotOpened(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	_, err := OpenLog(nil, s.Manifest)
	require.ErrorIs(t, err, ballot.ErrMalformed)
	_, err = OpenLog(fstest.MapFS{}, nil)
	require.ErrorIs(t, err, ballot.ErrMalformed)
	var l Log
	require.Nil(t, l.Checkpoint())
	for raw, err := range l.Entries(context.Background()) {
		require.Nil(t, raw)
		require.ErrorIs(t, err, ballot.ErrMalformed)
	}
}

func TestExportRefusesABallotThatChangedOnDisk(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.logBytes(t, x, numbered(5)...)
	name := filepath.Join(s.dir, journalName)
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	require.NoError(t, err)
	at := x.places[3].offset()
	_, err = f.WriteAt([]byte("E"), at)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	err = x.Export(t.TempDir())
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, fmt.Sprintf("ballot 3 at offset %d", at))
}

func TestReaderDetectsEveryChangedByte(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	dir := t.TempDir()
	s.logBytes(t, x, numbered(3)...)
	require.NoError(t, x.Export(dir))
	s.logBytes(t, x, numbered(2)...)
	s.seal(t, x)
	require.NoError(t, x.Export(dir))
	files := filesOf(t, dir)
	require.Contains(t, files, "tile/entries/000.p/3", "an older partial tile is checked too")
	_, err := entriesOf(t, mapFS(files), s.Manifest)
	require.NoError(t, err)

	for path, b := range files {
		for i := range b {
			for _, flip := range []byte{1, 0x80} {
				changed := bytes.Clone(b)
				changed[i] ^= flip
				files[path] = changed
				_, err := entriesOf(t, mapFS(files), s.Manifest)
				require.Error(t, err, "%s, byte %d", path, i)
			}
			files[path] = b[:i]
			_, err := entriesOf(t, mapFS(files), s.Manifest)
			require.Error(t, err, "%s, cut to %d", path, i)
		}
		for _, more := range [][]byte{{0}, {0, 0}, {0, 1, 7}, make([]byte, 100)} {
			files[path] = append(bytes.Clone(b), more...)
			_, err := entriesOf(t, mapFS(files), s.Manifest)
			require.Error(t, err, "%s and %d bytes more", path, len(more))
		}
		files[path] = b
	}
}

func TestReaderWantsExactlyTheFilesOfTheLog(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.logBytes(t, x, numbered(600)...)
	open := t.TempDir()
	require.NoError(t, x.Export(open))
	s.seal(t, x)
	closed := t.TempDir()
	require.NoError(t, x.Export(closed))

	for name, dir := range map[string]string{"open": open, "closed": closed} {
		files := filesOf(t, dir)
		for path, b := range files {
			delete(files, path)
			_, err := entriesOf(t, mapFS(files), s.Manifest)
			require.ErrorIs(t, err, fs.ErrNotExist, "%s log without %s", name, path)
			require.ErrorContains(t, err, path)
			files[path] = b
		}
		with := func(path string, b []byte) error {
			require.NotContains(t, files, path)
			files[path] = b
			_, err := entriesOf(t, mapFS(files), s.Manifest)
			delete(files, path)
			return err
		}
		full, bundle := files["tile/0/001"], files["tile/entries/001"]
		for _, path := range []string{"tile/x", "tile/0/003.bak", "tile/0/00", "tile/entries/000.p/256", "tile/8/000", "tile/0/000.p/x",
			"tile/0/x072/x057/x594/x037/x927/936", "tile/0/x072/x057/x594/x037/x927/936.p/7", // number 2^56: its end is 256, or 7, modulo 2^64
		} {
			require.ErrorIs(t, with(path, full), ballot.ErrMalformed, path)
		}
		// Older partial tiles: right ones are tolerated, others are not.
		require.NoError(t, with("tile/0/001.p/7", full[:7*32]))
		require.ErrorIs(t, with("tile/0/001.p/7", full[:8*32]), ballot.ErrMalformed)
		require.ErrorIs(t, with("tile/0/001.p/7", full[32:8*32]), ballot.ErrInvalid)
		require.ErrorIs(t, with("tile/0/001.p/7", full[:6*32]), ballot.ErrInvalid)
		require.NoError(t, with("tile/entries/001.p/1", bundle[:2+len(numbered(257)[256])]))
		require.ErrorIs(t, with("tile/entries/001.p/1", nil), ballot.ErrInvalid)
		// Tiles of later ballots: only beside a log that still grows.
		for _, path := range []string{"tile/0/002", "tile/0/002.p/89", "tile/entries/003.p/1", "tile/1/000.p/3", "tile/2/000.p/1", "tile/entries/002.p/255"} {
			if err := with(path, full); name == "open" {
				require.NoError(t, err, path)
			} else {
				require.ErrorIs(t, err, ballot.ErrInvalid, path)
			}
		}
	}
}

// The checkpoint is signed, and its operator lies about the size.
func TestReaderSurvivesADeclaredSize(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.logBytes(t, x, numbered(300)...)
	dir := t.TempDir()
	require.NoError(t, x.Export(dir))
	files := filesOf(t, dir)
	for _, size := range []uint64{0, 1, 256, 299, 300, 301, 512, 1 << 20, 1 << 40, 1<<48 - 1, 1 << 48} {
		for _, end := range []string{"", "closed\n"} {
			root := someRoot
			if size == 0 {
				root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
				if end == "" {
					continue // an honest old checkpoint
				}
			}
			files["checkpoint"] = s.signNote(t, fmt.Sprintf("%s\n%d\n%s\n%s", origin(s.Manifest), size, root, end))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := entriesOf(t, mapFS(files), s.Manifest)
			runtime.ReadMemStats(&after)
			require.Error(t, err, "size %d", size)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32<<20))
		}
	}
}

func TestReaderRefusesOversizedFiles(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.logBytes(t, x, numbered(3)...)
	dir := t.TempDir()
	require.NoError(t, x.Export(dir))
	for path := range filesOf(t, dir) {
		files := mapFS(filesOf(t, dir))
		files[path].Data = append(files[path].Data, make([]byte, 20<<20)...)
		_, err := entriesOf(t, files, s.Manifest)
		require.ErrorIs(t, err, ballot.ErrMalformed)
	}
}

// A pipe would block the reader for ever.
func TestReaderOpensRegularFilesOnly(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.logBytes(t, x, numbered(3)...)
	dir := t.TempDir()
	require.NoError(t, x.Export(dir))
	for path := range filesOf(t, dir) {
		files := mapFS(filesOf(t, dir))
		files[path].Mode = fs.ModeNamedPipe
		_, err := entriesOf(t, files, s.Manifest)
		require.ErrorIs(t, err, ballot.ErrMalformed)
		require.ErrorContains(t, err, path+" is no regular file")
	}
}

func TestReaderWithTheLongestEntries(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	entries := [][]byte{make([]byte, maxEntry), {}, bytes.Repeat([]byte{7}, maxEntry)}
	s.logBytes(t, x, entries...)
	dir := t.TempDir()
	require.NoError(t, x.Export(dir))
	read, err := entriesOf(t, os.DirFS(dir), s.Manifest)
	require.NoError(t, err)
	require.True(t, slices.EqualFunc(entries, read, bytes.Equal))
}

func TestReaderStopsWhenAsked(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.logBytes(t, x, numbered(600)...)
	dir := t.TempDir()
	require.NoError(t, x.Export(dir))
	l, err := OpenLog(os.DirFS(dir), s.Manifest)
	require.NoError(t, err)

	n := 0
	for _, err := range l.Entries(context.Background()) {
		require.NoError(t, err)
		if n++; n == 300 {
			break
		}
	}
	require.Equal(t, 300, n)

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n = 0
	var last error
	for _, err := range l.Entries(ctx) {
		if last = err; err == nil {
			n++
			cancel()
		}
	}
	require.ErrorIs(t, last, context.Canceled)
	require.Equal(t, 256, n, "the bundle in hand is the last")
}

func TestOpenLogRefusesAnotherElection(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	dir := t.TempDir()
	require.NoError(t, s.open(t).Export(dir))
	_, err := OpenLog(os.DirFS(dir), newStage(t, electiontest.Config{}).Manifest)
	require.Error(t, err)
	_, err = OpenLog(os.DirFS(t.TempDir()), s.Manifest)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// brokenFS fails when a file is read.
type brokenFS struct {
	fs.FS
	path string
}

var errRead = errors.New("read error")

func (b brokenFS) Open(path string) (fs.File, error) {
	f, err := b.FS.Open(path)
	if path == b.path {
		return brokenFile{f}, err
	}
	return f, err
}

type brokenFile struct{ fs.File }

func (brokenFile) Read([]byte) (int, error) { return 0, errRead }

func TestReaderReportsReadErrors(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.logBytes(t, x, numbered(3)...)
	dir := t.TempDir()
	require.NoError(t, x.Export(dir))
	for path := range filesOf(t, dir) {
		_, err := entriesOf(t, brokenFS{os.DirFS(dir), path}, s.Manifest)
		require.ErrorIs(t, err, errRead, path)
	}
}
