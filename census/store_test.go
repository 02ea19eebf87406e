package census

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/permissiontest"
	"github.com/scrutin/scrutin/internal/poseidon"
)

// stored returns the file of a tree.
func stored(t testing.TB, tr *Tree) []byte {
	t.Helper()
	var w bytes.Buffer
	require.NoError(t, tr.write(&w))
	return w.Bytes()
}

// resum makes the checksum right again.
func resum(file []byte) []byte {
	sum := sha256.Sum256(file[:len(file)-32])
	return append(slices.Clone(file[:len(file)-32]), sum[:]...)
}

func TestOpenIsSave(t *testing.T) {
	name := filepath.Join(t.TempDir(), "census.tree")
	for _, n := range append(slices.Clone(sizes), pageLength-1, pageLength, pageLength+1) {
		for _, weighted := range []bool{false, true} {
			ms := members(n)
			if weighted {
				ms = members(n, 5, 1<<31)
			}
			tr := tree(t, 13, ms)
			require.NoError(t, tr.Save(name))
			opened, err := Open(t.Context(), name)
			require.NoError(t, err)
			require.Equal(t, tr, opened)

			more := Member{commitment(1 << 30), ms[0].Weight}
			_, err = tr.Append(more)
			require.NoError(t, err)
			_, err = opened.Append(more)
			require.NoError(t, err)
			require.Equal(t, tr, opened, "%d members and one more", n)
		}
	}
	info, err := os.Stat(name)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		require.Equal(t, os.FileMode(0o644), info.Mode().Perm())
	}
	left, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing but the file")
}

// docs/spec/census.md, section 5.
func TestStoredFileIsAsSpecified(t *testing.T) {
	for _, ms := range [][]Member{members(3), members(3, 7)} {
		weighted := ms[0].Weight > 0
		tr := tree(t, 9, ms)
		want := []byte("scrutin/census-tree/v1\n\x09")
		root := tr.Root()
		if weighted {
			want = append(want, 1)
			want = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(want, 3), 21)
		} else {
			want = append(want, 0)
			want = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(want, 3), 3)
		}
		want = append(want, root[:]...)
		for _, m := range ms {
			want = append(want, m.Commitment[:]...)
			if weighted {
				want = binary.BigEndian.AppendUint64(want, m.Weight)
			}
		}
		// The leaves if they are not the commitments; then level 1: Poseidon(leaf 0, leaf 1), and leaf 2 carried up.
		leaves := make([]Node, 3)
		for i, m := range ms {
			e := fr.NewElement(uint64(i + 1))
			if weighted {
				e = poseidon.Hash(e, fr.NewElement(m.Weight), fr.Element{})
			}
			if leaves[i] = e.Bytes(); weighted {
				want = append(want, leaves[i][:]...)
			}
		}
		p, err := tr.Path(2)
		require.NoError(t, err)
		want = append(append(want, p.Siblings[0][:]...), leaves[2][:]...)
		want = append(want, root[:]...)
		sum := sha256.Sum256(want)
		want = append(want, sum[:]...)
		require.Equal(t, want, stored(t, tr))
	}
	sum := sha256.Sum256(stored(t, tree(t, 20, []Member{{Commitment: commitment(11)}, {Commitment: commitment(22)}, {Commitment: commitment(33)}})))
	require.Equal(t, "e54cc359d7f8b4b665e0f219b06930ce074f5b03d29d0ee59d22a6a497a69d9a", hex.EncodeToString(sum[:]))
}

func TestOpenRefusesEveryChangedByte(t *testing.T) {
	for _, ms := range [][]Member{members(1), members(3), members(20), members(20, 1, 1000), members(pageLength + 3)} {
		file := stored(t, tree(t, 13, ms))
		step := 1
		if len(file) > 5000 {
			step = 10007
		}
		for at := 0; at < len(file); at += step {
			bad := slices.Clone(file)
			bad[at] ^= 1 << (at % 8)
			_, err := load(t.Context(), bytes.NewReader(bad))
			require.Error(t, err, "byte %d of %d", at, len(file))
			_, err = load(t.Context(), bytes.NewReader(file[:at]))
			require.ErrorIs(t, err, ErrMalformed, "%d bytes of %d", at, len(file))
		}
		long := slices.Clone(file)
		for range 100 {
			long = append(long, 0)
			_, err := load(t.Context(), bytes.NewReader(long))
			require.ErrorIs(t, err, ErrMalformed)
			require.ErrorContains(t, err, "bytes follow the checksum")
		}
	}
}

// Whoever makes the checksum right again is refused where members or the root do not fit.
func TestAttack27And37OpenChecksWhatItReads(t *testing.T) {
	const first = 73 // where the members start
	ms := members(5, 1)
	file := stored(t, tree(t, 9, ms))
	_, err := load(t.Context(), bytes.NewReader(resum(file)))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		at   int
		put  []byte
		kind error
		says string
	}{
		"another format":      {21, []byte("2"), ErrMalformed, "another version"},
		"depth 0":             {23, []byte{0}, ErrMalformed, "depth 0"},
		"depth 2":             {23, []byte{2}, ErrMalformed, "size 5"},
		"depth 33":            {23, []byte{33}, ErrMalformed, "depth 33"},
		"weighted 2":          {24, []byte{2}, ErrMalformed, ""},
		"weighted 0":          {24, []byte{0}, ErrInvalid, ""},
		"size 0":              {25, make([]byte, 8), ErrMalformed, "size 0"},
		"size 2^56 + 5":       {25, []byte{1}, ErrMalformed, "size"},
		"total weight 6":      {40, []byte{6}, ErrInvalid, "total weight"},
		"total weight 0":      {40, []byte{0}, ErrMalformed, "total weight 0"},
		"root":                {72, []byte{1}, ErrInvalid, "the root"},
		"commitment 0":        {first, make([]byte, 32), ErrMalformed, "member 0: commitment 0"},
		"commitment modulus":  {first, slices.Concat(bytes.Repeat([]byte{255}, 32)), ErrMalformed, "member 0: "},
		"commitment twice":    {first + 40, file[first : first+32], ErrDuplicate, "member 1: the commitment of member 0 again"},
		"weight 0":            {first + 39, []byte{0}, ErrInvalid, "member 0: weight 0"},
		"weight 2^40 + 1":     {first + 34, []byte{1}, ErrInvalid, "member 0: weight"},
		"node of ones":        {first + 200, bytes.Repeat([]byte{255}, 32), ErrMalformed, "level 0: "},
		"last member's leaf":  {first + 200 + 4*32 + 31, []byte{0}, ErrInvalid, "the last node is not the hash"},
		"last path's sibling": {len(file) - 32 - 3*32 + 31, []byte{0}, ErrInvalid, "the last node is not the hash"},
	} {
		bad := slices.Clone(file)
		require.NotEqual(t, c.put, bad[c.at:c.at+len(c.put)], name)
		copy(bad[c.at:], c.put)
		_, err := load(t.Context(), bytes.NewReader(resum(bad)))
		require.Error(t, err, name)
		if name != "weighted 0" {
			require.ErrorIs(t, err, c.kind, name)
		}
		require.ErrorContains(t, err, c.says, name)
	}

	// What Open does not find, nobody is misled by: the path is not one to the root.
	bad := slices.Clone(file)
	bad[first+200+31] ^= 1 // the leaf of member 0
	tr, err := load(t.Context(), bytes.NewReader(resum(bad)))
	require.NoError(t, err)
	p, err := tr.Path(1)
	require.NoError(t, err)
	root, err := p.Root()
	require.NoError(t, err)
	require.NotEqual(t, tr.Root(), root)
}

// Nothing is allocated by the size that a file states.
func TestWeightsAreStatedInOneWay(t *testing.T) {
	file := stored(t, tree(t, 9, members(5)))
	require.Zero(t, file[24])
	file[24] = 2
	_, err := load(t.Context(), bytes.NewReader(resum(file)))
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, "2 where 1 stands for weights")
}

// A disk that fails is no damaged file, wherever it fails; a file that is cut is too short, wherever it is cut.
func TestLoadTellsADiskThatFails(t *testing.T) {
	broken := errors.New("the disk is gone")
	file := stored(t, tree(t, 9, members(5)))
	for n := range file {
		_, err := load(t.Context(), io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(broken)))
		require.ErrorIs(t, err, broken, "after %d bytes", n)
		require.NotErrorIs(t, err, ErrMalformed)
		_, err = load(t.Context(), bytes.NewReader(file[:n]))
		require.ErrorContains(t, err, "too short", "%d bytes", n)
	}
}

// Who cancels has not found the census wrong, whenever it is.
func TestCancelledWhileReading(t *testing.T) {
	tr := tree(t, 9, members(300))
	file, files := stored(t, tr), mapFS(export(t, tr))
	for name, read := range map[string]func(context.Context) error{
		"Read": func(ctx context.Context) error { _, err := Read(ctx, files); return err },
		"Open": func(ctx context.Context) error { _, err := load(ctx, bytes.NewReader(file)); return err },
	} {
		const most = 1000
		never := &countdown{t.Context(), most}
		require.NoError(t, read(never))
		require.Less(t, never.left, most, "%s does not ask", name)
		for n := range most - never.left {
			require.ErrorIs(t, read(&countdown{t.Context(), n}), context.Canceled, "%s, asked %d times", name, n)
		}
	}
}

func TestOpenOfAFileThatMayNotBeRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "census")
	require.NoError(t, os.WriteFile(name, nil, 0o200))
	permissiontest.Run(t, func() {
		_, err := Open(t.Context(), name)
		require.ErrorIs(t, err, fs.ErrPermission)
	})
}

// countdown is a context that is cancelled when it has been asked some times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// A file that cannot be written whole takes no other's place.
func TestUnfinishedFilesTakeNobodysPlace(t *testing.T) {
	name := filepath.Join(t.TempDir(), "census.tree")
	tr := tree(t, 9, members(300))
	require.NoError(t, tr.Save(name))
	full := errors.New("the disk is full")
	require.ErrorIs(t, replace(name, func(w io.Writer) error { return errors.Join(tr.write(w), full) }), full)
	require.ErrorIs(t, tr.write(fullDisk{full}), full)
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, stored(t, tr), got)
	left, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	require.Len(t, left, 1)
}

type fullDisk struct{ err error }

func (d fullDisk) Write(b []byte) (int, error) {
	if len(b) == sha256.Size { // the last that is written
		return len(b), nil
	}
	return 0, d.err
}

func TestOpenIsNotLedByStatedSizes(t *testing.T) {
	file := stored(t, tree(t, 32, members(5)))
	binary.BigEndian.PutUint64(file[25:], 1<<32)
	binary.BigEndian.PutUint64(file[33:], 1<<32)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := load(t.Context(), bytes.NewReader(resum(file)))
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, ErrMalformed)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

func TestOpenAndSaveSayWhichFile(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(t.Context(), filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	name := filepath.Join(dir, "census.tree")
	require.NoError(t, os.WriteFile(name, []byte("dear registrar"), 0o644))
	_, err = Open(t.Context(), name)
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, name)

	_, err = Open(t.Context(), dir)
	require.ErrorContains(t, err, "not a regular file")

	tr := tree(t, 9, members(300))
	require.ErrorIs(t, tr.Save(filepath.Join(dir, "none", "census.tree")), os.ErrNotExist)
	require.NoError(t, tr.Save(name), "in place of what was there")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Open(ctx, name)
	require.ErrorIs(t, err, context.Canceled)
}

func FuzzOpen(f *testing.F) {
	f.Add(stored(f, tree(f, 9, members(3))))
	f.Add(stored(f, tree(f, 9, members(5, 2))))
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) < 32 {
			return
		}
		tr, err := load(t.Context(), bytes.NewReader(resum(file)))
		if err != nil {
			return
		}
		require.Equal(t, resum(file), stored(t, tr))
		_, err = tr.Path(tr.Size() - 1)
		require.NoError(t, err)
	})
}
