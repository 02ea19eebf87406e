package census

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// export returns the files of a census by their names.
func export(t testing.TB, tr *Tree) map[string][]byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "census")
	require.NoError(t, tr.Export(dir))
	files := map[string][]byte{}
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o133, "%s is readable, and written by its owner alone", name)
		files[name], err = os.ReadFile(filepath.Join(dir, name))
		return err
	}))
	return files
}

func mapFS(files map[string][]byte) fstest.MapFS {
	m := fstest.MapFS{}
	for name, content := range files {
		m[name] = &fstest.MapFile{Data: content}
	}
	return m
}

// with returns the files with one of them changed, or without it if content is nil.
func with(files map[string][]byte, name string, content []byte) fs.FS {
	files = maps.Clone(files)
	if files[name] = content; content == nil {
		delete(files, name)
	}
	return mapFS(files)
}

func TestExportIsTheSpecifiedFiles(t *testing.T) {
	files := export(t, tree(t, 9, members(258, 2)))
	require.Equal(t, []string{"census.json", "tile/0/000", "tile/0/001", "tile/1/000"}, slices.Sorted(maps.Keys(files)))
	require.Regexp(t, `^\{"depth":9,"format":"scrutin/census/v1","root":"\d+","size":258,"totalWeight":516,"weighted":true\}$`,
		string(files["census.json"]))
	require.Len(t, files["tile/0/000"], 256*40)
	require.Len(t, files["tile/0/001"], 2*40)
	require.Len(t, files["tile/1/000"], 2*32)
	third := commitment(3)
	require.Equal(t, append(third[:], 0, 0, 0, 0, 0, 0, 0, 2), files["tile/0/000"][80:120])

	files = export(t, tree(t, 9, members(256)))
	require.Equal(t, []string{"census.json", "tile/0/000"}, slices.Sorted(maps.Keys(files)))
	require.Len(t, files["tile/0/000"], 256*32)
}

// Records that exist are read for ever.
func TestExportDoesNotChange(t *testing.T) {
	files := export(t, tree(t, 20, members(700, 5, 1<<33)))
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		sum.Write([]byte(name))
		sum.Write(files[name])
	}
	require.Equal(t, "a828e977448320125fc215ccad267680e1a82c7a558c9ae028277f1c0376d20a", hex.EncodeToString(sum.Sum(nil)))
}

func TestTileNames(t *testing.T) {
	for name, at := range map[string]tile{
		"tile/0/000":                {0, 0},
		"tile/0/999":                {0, 999},
		"tile/1/x001/000":           {1, 1000},
		"tile/2/x001/x234/067":      {2, 1234067},
		"tile/0/x016/x777/215":      {0, 1<<24 - 1},
		"tile/3/x123/x456/x789/012": {3, 123456789012},
	} {
		require.Equal(t, name, at.path())
	}
}

// sizes are censuses at the edges of the tiles.
var sizes = []int{1, 2, 3, 4, 5, 7, 8, 9, 31, 127, 128, 129, 255, 256, 257, 258, 300, 511, 512, 513, 700}

func TestEveryPathIsReadFromTheFiles(t *testing.T) {
	for _, n := range sizes {
		ms := members(n)
		if n%2 == 1 {
			ms = members(n, 5, 6)
		}
		tr := tree(t, 10, ms)
		tiles := mapFS(export(t, tr))
		for i := range uint64(n) {
			if n > 40 && i > 5 && i%61 != 0 && i%256 > 1 && i%256 < 254 && i < uint64(n-3) {
				continue
			}
			want, err := tr.Path(i)
			require.NoError(t, err)
			got, err := ReadPath(tiles, i, ms[i].Commitment)
			require.NoError(t, err, "member %d of %d", i, n)
			require.Equal(t, want, got, "member %d of %d", i, n)
		}
		back, err := Read(t.Context(), tiles)
		require.NoError(t, err)
		require.Equal(t, tr, back)
	}
}

// At 65,537 members there are three tile levels, and the last leaf is alone in its tile at two of them.
func TestThreeTileLevels(t *testing.T) {
	if testing.Short() {
		t.Skip("two trees of 65,537 members")
	}
	const n = 1<<16 + 1
	ms := members(n)
	tr := tree(t, 17, ms)
	files := export(t, tr)
	require.Len(t, files, 1+257+2+1)
	require.Len(t, files["tile/0/256"], 32)
	require.Len(t, files["tile/1/001"], 32)
	require.Len(t, files["tile/2/000"], 64)
	tiles := mapFS(files)
	for _, i := range []uint64{0, 1, 255, 256, 40000, n - 3, n - 2, n - 1} {
		want, err := tr.Path(i)
		require.NoError(t, err)
		got, err := ReadPath(tiles, i, ms[i].Commitment)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	last, err := tr.Path(n - 1)
	require.NoError(t, err)
	require.Len(t, last.Siblings, 1)
	back, err := Read(t.Context(), tiles)
	require.NoError(t, err)
	require.Equal(t, tr.Root(), back.Root())
}

// opened records which files are opened.
type opened struct {
	fs.FS
	names []string
}

func (o *opened) Open(name string) (fs.File, error) {
	o.names = append(o.names, name)
	return o.FS.Open(name)
}

func TestReadPathOpensTheTilesOfThePathAlone(t *testing.T) {
	tr := tree(t, 10, members(700))
	files := mapFS(export(t, tr))
	for _, i := range []uint64{256, 300, 511} {
		o := &opened{FS: files}
		_, err := ReadPath(o, i, commitment(i+1))
		require.NoError(t, err)
		require.Equal(t, []string{"census.json", "tile/0/001", "tile/1/000"}, o.names)
	}
}

// A pipe is not even opened: that would block.
func TestReadPathOpensNoSpecialFiles(t *testing.T) {
	files := export(t, tree(t, 9, members(300)))
	for name := range files {
		m := mapFS(files)
		m[name] = &fstest.MapFile{Mode: fs.ModeNamedPipe | 0o644, Data: files[name]}
		o := &openedOfMap{MapFS: m}
		_, err := ReadPath(o, 299, commitment(300))
		if name == "tile/0/000" { // the other tile of members
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, ErrMalformed)
		require.ErrorContains(t, err, name+": not a regular file")
		require.NotContains(t, o.names, name)
	}
}

// openedOfMap is opened for a file system that can tell what a file is without opening it.
type openedOfMap struct {
	fstest.MapFS
	names []string
}

func (o *openedOfMap) Open(name string) (fs.File, error) {
	o.names = append(o.names, name)
	return o.MapFS.Open(name)
}

func TestReadPathRefusesAnotherMember(t *testing.T) {
	files := mapFS(export(t, tree(t, 10, members(300, 2))))
	_, err := ReadPath(files, 7, commitment(9))
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorContains(t, err, "census: invalid: member 7 has another commitment")
	_, err = ReadPath(files, 7, Commitment{})
	require.ErrorIs(t, err, ErrInvalid)
	for _, i := range []uint64{300, 511, 1 << 40, 1<<64 - 1} {
		_, err = ReadPath(files, i, commitment(8))
		require.ErrorIs(t, err, ErrInvalid)
		require.ErrorContains(t, err, "of a census of 300")
	}
}

// A path is the member's own or none: whatever byte is changed on the way, and wherever.
func TestReadPathRefusesTamperedTiles(t *testing.T) {
	files := export(t, tree(t, 9, members(260, 3)))
	for name, content := range files {
		step := 1
		if len(content) > 200 {
			step = 97
		}
		for at := 0; at < len(content); at += step {
			bad := slices.Clone(content)
			bad[at] ^= 1 << (at % 8)
			p, err := ReadPath(with(files, name, bad), 258, commitment(259))
			if err == nil {
				// Not a file on the path, or the depth alone, on which no path depends.
				require.True(t, name == "tile/0/000" || name == "census.json" && strings.HasPrefix(string(bad), `{"depth":`),
					"%s, byte %d", name, at)
				root, err := p.Root()
				require.NoError(t, err)
				require.Equal(t, tree(t, 9, members(260, 3)).Root(), root)
			}
		}
	}
	for _, name := range []string{"census.json", "tile/0/001", "tile/1/000"} {
		_, err := ReadPath(with(files, name, nil), 258, commitment(259))
		require.ErrorIs(t, err, ErrMalformed, name)
		require.ErrorIs(t, err, fs.ErrNotExist, name)
		require.ErrorContains(t, err, name)
	}
}

func TestAttack29And37ReadRefusesEveryChangedByte(t *testing.T) {
	for _, ms := range [][]Member{members(3), members(258), members(258, 1, 1000)} {
		files := export(t, tree(t, 9, ms))
		for name, content := range files {
			step := 1
			if len(content) > 200 {
				step = 1001
			}
			for at := 0; at < len(content); at += step {
				bad := slices.Clone(content)
				bad[at] ^= 1 << (at % 8)
				_, err := Read(t.Context(), with(files, name, bad))
				if name == "census.json" && err == nil {
					// The depth is a bound, which nothing in the files contradicts: the manifest names it.
					var h head
					require.NoError(t, json.Unmarshal(bad, &h))
					require.NotEqual(t, 9, h.Depth)
					continue
				}
				require.Error(t, err, "%s, byte %d", name, at)
				require.True(t, errors.Is(err, ErrMalformed) || errors.Is(err, ErrInvalid) || errors.Is(err, ErrDuplicate),
					"%s, byte %d: %v", name, at, err)
			}
			for _, bad := range [][]byte{nil, {}, content[:len(content)-1], content[1:], append(slices.Clone(content), 0),
				append(slices.Clone(content), content...), bytes.Repeat([]byte{0}, len(content)), bytes.Repeat([]byte{0xff}, len(content))} {
				_, err := Read(t.Context(), with(files, name, bad))
				require.True(t, errors.Is(err, ErrMalformed) || errors.Is(err, ErrInvalid), "%s of %d bytes: %v", name, len(bad), err)
			}
		}
	}
}

func TestReadRefusesMembersExchanged(t *testing.T) {
	files := export(t, tree(t, 9, members(300)))
	bad := slices.Clone(files["tile/0/000"])
	copy(bad, files["tile/0/000"][32:64])
	copy(bad[32:], files["tile/0/000"][:32])
	_, err := Read(t.Context(), with(files, "tile/0/000", bad))
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorContains(t, err, "the members have the root")

	bad = slices.Clone(files["tile/0/000"])
	copy(bad[32:], files["tile/0/000"][:32])
	_, err = Read(t.Context(), with(files, "tile/0/000", bad))
	require.ErrorIs(t, err, ErrDuplicate)
	require.ErrorContains(t, err, "member 1: the commitment of member 0 again")
}

func TestReadRefusesFilesOfNoCensus(t *testing.T) {
	files := export(t, tree(t, 9, members(300)))
	for _, name := range []string{
		"README", "census.json~", "tile/0/002", "tile/0/000.p/44", "tile/0/1", "tile/0/x000/000",
		"tile/1/001", "tile/2/000", "tile/00/000", "tile/entries/000", "tile/000", ".hidden",
	} {
		_, err := Read(t.Context(), with(files, name, []byte("x")))
		require.ErrorIs(t, err, ErrInvalid, name)
		require.ErrorContains(t, err, name+": not a file of this census")
	}
}

// A file that is not a plain one might block whoever reads it, or never end.
func TestReadRefusesSpecialFiles(t *testing.T) {
	files := export(t, tree(t, 9, members(3)))
	for _, mode := range []fs.FileMode{fs.ModeSymlink, fs.ModeNamedPipe, fs.ModeDevice, fs.ModeSocket, fs.ModeIrregular} {
		for _, name := range []string{"census.json", "tile/0/000", "other"} {
			m := mapFS(files)
			m[name] = &fstest.MapFile{Mode: mode | 0o644, Data: files[name]}
			_, err := Read(t.Context(), m)
			require.Error(t, err)
			if mode != fs.ModeSymlink { // which this file system tries to follow
				require.ErrorIs(t, err, ErrMalformed)
				require.ErrorContains(t, err, name+": not a regular file")
			}
		}
	}
	m := mapFS(files)
	delete(m, "tile/0/000")
	m["tile/0/000/x"] = &fstest.MapFile{}
	_, err := Read(t.Context(), m)
	require.Error(t, err, "a directory in a tile's place")
}

// headWith returns census.json with some of its text replaced.
func headWith(files map[string][]byte, pairs ...string) fs.FS {
	return with(files, headFile, []byte(strings.NewReplacer(pairs...).Replace(string(files[headFile]))))
}

func TestAttack27OneHead(t *testing.T) {
	files := export(t, tree(t, 9, members(300)))
	for _, pairs := range [][]string{
		{`{"depth"`, `{ "depth"`},
		{`"depth":9`, `"depth":"9"`},
		{`"depth":9`, `"depth":9.0`},
		{`"depth":9`, `"depth":0`},
		{`"depth":9`, `"depth":-1`},
		{`"depth":9`, `"depth":8`},
		{`"depth":9`, `"depth":33`},
		{`"depth":9`, `"depth":1e1`},
		{`"depth":9`, `"depth":9,"depth":9`},
		{`"depth":9,`, ``},
		{`"depth":9`, `"comment":"","depth":9`},
		{`census/v1`, `census/v2`},
		{`"root":"`, `"root":"0`},
		{`"root":"`, `"root":"-`},
		{`"root":"`, `"root":"9999999999`},
		{`"size":300`, `"size":0`},
		{`"size":300`, `"size":0`, `"totalWeight":300`, `"totalWeight":0`},
		{`"size":300`, `"size":-300`},
		{`"size":300`, `"size":301`},
		{`"size":300`, `"size":513`},
		{`"totalWeight":300`, `"totalWeight":299`},
		{`"totalWeight":300`, `"totalWeight":301`},
		{`"totalWeight":300`, `"totalWeight":17592186044416`},
		{`"weighted":false`, `"weighted":true`},
		{`"weighted":false`, `"weighted":0`},
		{`false}`, "false}\n"},
	} {
		fsys := headWith(files, pairs...)
		_, err := Read(t.Context(), fsys)
		require.ErrorIs(t, err, ErrMalformed, "%q", pairs)
		_, err = ReadPath(fsys, 299, commitment(300))
		require.ErrorIs(t, err, ErrMalformed, "%q", pairs)
	}
	weighted := export(t, tree(t, 9, members(300, 1)))
	for _, total := range []string{"0", "299", "17592186044416", "9007199254740991"} {
		_, err := ReadPath(headWith(weighted, `"totalWeight":300`, `"totalWeight":`+total), 299, commitment(300))
		require.ErrorIs(t, err, ErrMalformed, "total weight %s", total)
	}
	for _, content := range [][]byte{[]byte("null"), []byte("[]"), []byte("{}"), bytes.Repeat([]byte("["), 1000), bytes.Repeat([]byte(" "), 5000)} {
		_, err := Read(t.Context(), with(files, headFile, content))
		require.ErrorIs(t, err, ErrMalformed)
	}
}

// Nothing is allocated, and nothing looped over, by a number that a file states.
func TestReadIsNotLedByStatedSizes(t *testing.T) {
	for _, ms := range [][]Member{members(300), members(300, 1)} {
		files := export(t, tree(t, 9, ms))
		tiles := headWith(files, `"depth":9`, `"depth":32`, `"size":300`, `"size":4294967296`, `"totalWeight":300`, `"totalWeight":4294967296`)
		_, err := Read(t.Context(), tiles)
		require.ErrorIs(t, err, ErrMalformed)
		require.ErrorContains(t, err, "tile/0/001: ")
		_, err = ReadPath(tiles, 1<<32-1, commitment(1))
		require.ErrorIs(t, err, ErrMalformed)
		require.ErrorContains(t, err, "tile/0/x016/x777/215: ")

		huge := with(files, "tile/0/001", make([]byte, 1<<22))
		_, err = Read(t.Context(), huge)
		require.ErrorIs(t, err, ErrMalformed)
		require.ErrorContains(t, err, "tile/0/001: more than")
	}
}

func TestReadRefusesWeightsOutOfRange(t *testing.T) {
	files := export(t, tree(t, 9, members(300, 1)))
	for name, weight := range map[string]string{
		"0": "\x00\x00\x00\x00\x00\x00\x00\x00", "2^40": "\x00\x00\x01\x00\x00\x00\x00\x00", "2^64-1": "\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		bad := slices.Clone(files["tile/0/001"])
		copy(bad[40*3+32:], weight)
		tiles := with(files, "tile/0/001", bad)
		_, err := Read(t.Context(), tiles)
		require.ErrorIs(t, err, ErrInvalid, name)
		require.ErrorContains(t, err, "member 259: weight ")
		for _, i := range []uint64{258, 259} {
			_, err = ReadPath(tiles, i, commitment(i+1))
			require.ErrorIs(t, err, ErrMalformed, name)
			require.ErrorContains(t, err, "tile/0/001: member 259: weight ")
		}
	}
}

// A number that is none of the field is named where it stands, though it is not the reader's own.
func TestReadPathNamesWhatIsNoNumber(t *testing.T) {
	files := export(t, tree(t, 9, members(300)))
	for name, says := range map[string]string{
		"tile/0/001": "tile/0/001: member 258: ",
		"tile/1/000": "tile/1/000: node 1: ",
	} {
		bad := slices.Clone(files[name])
		at := 2 * 32 // member 256 + 2
		if name == "tile/1/000" {
			at = 32
		}
		copy(bad[at:], bytes.Repeat([]byte{255}, 32))
		_, err := ReadPath(with(files, name, bad), 256, commitment(257))
		require.ErrorIs(t, err, ErrMalformed, name)
		require.ErrorContains(t, err, says)
	}
}

// failing is a file system on which one file fails after its last byte.
type failing struct {
	fs.FS
	name string
	err  error
}

func (f failing) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err == nil && name == f.name {
		return failingFile{file, f.err}, nil
	}
	return file, err
}

type failingFile struct {
	fs.File
	err error
}

func (f failingFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}

func TestReadTellsADiskThatFails(t *testing.T) {
	broken := errors.New("the disk is gone")
	files := export(t, tree(t, 9, members(300)))
	for name := range files {
		_, err := Read(t.Context(), failing{mapFS(files), name, broken})
		require.ErrorIs(t, err, broken, name)
		require.NotErrorIs(t, err, ErrMalformed)
	}
}

func TestReadIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tr, err := Read(ctx, mapFS(export(t, tree(t, 9, members(300)))))
	require.ErrorIs(t, err, context.Canceled)
	require.Nil(t, tr)
}

func TestExportKeepsWhatIsThere(t *testing.T) {
	tr := tree(t, 9, members(3))
	parent := t.TempDir()

	full := filepath.Join(parent, "full")
	require.NoError(t, os.Mkdir(full, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(full, "letter"), []byte("dear"), 0o644))
	require.ErrorContains(t, tr.Export(full), "holds files already")
	require.FileExists(t, filepath.Join(full, "letter"))

	file := filepath.Join(parent, "file")
	require.NoError(t, os.WriteFile(file, []byte("dear"), 0o644))
	require.Error(t, tr.Export(file))
	require.FileExists(t, file)

	empty := filepath.Join(parent, "empty")
	require.NoError(t, os.Mkdir(empty, 0o755))
	require.NoError(t, tr.Export(empty))
	require.Error(t, tr.Export(empty), "a second time")
	require.NoError(t, tr.Export(filepath.Join(parent, "a", "b", "new")))

	left, err := filepath.Glob(filepath.Join(parent, ".new*"))
	require.NoError(t, err)
	require.Empty(t, left)
	_, err = Read(t.Context(), os.DirFS(empty))
	require.NoError(t, err)
}

func FuzzRead(f *testing.F) {
	files := export(f, tree(f, 9, members(258, 3)))
	f.Add(files[headFile], files["tile/0/001"], files["tile/1/000"])
	f.Fuzz(func(t *testing.T, json, low, high []byte) {
		m := mapFS(files)
		m[headFile], m["tile/0/001"], m["tile/1/000"] = &fstest.MapFile{Data: json}, &fstest.MapFile{Data: low}, &fstest.MapFile{Data: high}
		if tr, err := Read(t.Context(), m); err == nil {
			require.EqualValues(t, 258, tr.Size())
		}
		if p, err := ReadPath(m, 257, commitment(258)); err == nil {
			_, err := p.Root()
			require.NoError(t, err)
		}
	})
}

func BenchmarkReadPath(b *testing.B) {
	for _, n := range []int{256, 1 << 14} {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			tiles := mapFS(export(b, tree(b, 20, members(n))))
			for b.Loop() {
				p, err := ReadPath(tiles, 77, commitment(78))
				if err != nil {
					b.Fatal(err)
				}
				sink = p
			}
		})
	}
}
