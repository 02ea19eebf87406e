package ceremony

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/proof/prover"
)

// 2^4 powers by snarkjs 0.7.6: `powersoftau new bn128 4`, one `contribute`, one `beacon`.
const ptauOfSnarkjs = "testdata/powers-4.ptau"

func TestReadsPowersOfSnarkjs(t *testing.T) {
	file, err := os.ReadFile(ptauOfSnarkjs)
	require.NoError(t, err)
	for _, n := range []int{4, 8, 16} { // a prefix is enough
		srs, err := readPtau(bytes.NewReader(file), int64(len(file)), n)
		require.NoError(t, err)
		require.Len(t, srs.G1.Tau, 2*n-1)
		require.Len(t, srs.G2.Tau, n)
		require.NoError(t, checkPowers(srs))
	}
	_, err = readPtau(bytes.NewReader(file), int64(len(file)), 32)
	require.ErrorIs(t, err, ErrForeign)
	require.ErrorContains(t, err, "take a larger one")
	_, err = ReadPtau(bytes.NewReader(file), int64(len(file)), small, source)
	require.ErrorIs(t, err, ErrForeign)
}

// What another program writes today is read: snarkjs makes powers, in seconds.
func TestReadsWhatSnarkjsWrites(t *testing.T) {
	if os.Getenv("SCRUTIN_SNARKJS") == "" {
		t.Skip("set SCRUTIN_SNARKJS=1 to run snarkjs from npm, which wants node")
	}
	dir := t.TempDir()
	run := func(args ...string) {
		cmd := exec.Command("npx", append([]string{"--yes", "snarkjs@0.7.6", "powersoftau"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	run("new", "bn128", "11", "a.ptau")
	read := func(name string) error {
		f, err := os.Open(filepath.Join(dir, name))
		require.NoError(t, err)
		defer f.Close()
		info, err := f.Stat()
		require.NoError(t, err)
		_, err = ReadPtau(f, info.Size(), small, name)
		return err
	}
	require.ErrorContains(t, read("a.ptau"), "nobody contributed")
	run("contribute", "a.ptau", "b.ptau", "--name=Ada", "-e=some text")
	require.NoError(t, read("b.ptau"))
}

func TestRejectsPtauFilesThatAreNone(t *testing.T) {
	srs := knownPowers(4, random(), random(), random())
	good := ptauFile(2, &srs)
	got, err := readPtau(bytes.NewReader(good), int64(len(good)), 4)
	require.NoError(t, err)
	require.Equal(t, srs, *got)

	const header = 12 + 12
	tau := header + 44 + 12
	tau2 := tau + 7*size1 + 12
	jacobian := bn254.GeneratePointNotInG2(bn254.E2{A0: fp.NewElement(3), A1: fp.NewElement(5)})
	var outside bn254.G2Affine
	outside.FromJacobian(&jacobian)
	limbs := func(b []byte, list ...fp.Element) {
		for i, e := range list {
			for j, limb := range e {
				binary.LittleEndian.PutUint64(b[32*i+8*j:], limb)
			}
		}
	}
	plusP := func(b []byte) { // a number that is the same modulo p
		for i, carry := 0, 0; i < 32; i++ {
			sum := int(b[i]) + int(good[header+4+i]) + carry
			b[i], carry = byte(sum), sum>>8
		}
	}
	const notIn, notIn2 = "point 0 of section 2 is not in the group", "point 0 of section 3 is not in the group of order r"
	for name, bad := range map[string]struct {
		kind error
		want string
		edit func(b []byte) []byte
	}{
		"magic":           {ErrMalformed, "not a .ptau file", func(b []byte) []byte { b[0] = 'x'; return b }},
		"version":         {ErrMalformed, "not a .ptau file", func(b []byte) []byte { b[4] = 2; return b }},
		"sections":        {ErrMalformed, "at most 32 are possible", func(b []byte) []byte { b[11] = 0xff; return b }},
		"one too few":     {ErrMalformed, "16 bytes after the last section", func(b []byte) []byte { b[8] = 6; return b }},
		"one too many":    {ErrMalformed, "the file ends too early", func(b []byte) []byte { b[8] = 8; return b }},
		"twice":           {ErrMalformed, "section 1 is there twice", func(b []byte) []byte { b[header+44] = 1; return b }},
		"no header":       {ErrMalformed, "the header has 0 bytes", func(b []byte) []byte { b[12] = 9; return b }},
		"no section 2":    {ErrMalformed, "section 2 has 0 bytes", func(b []byte) []byte { b[header+44] = 9; return b }},
		"no section 3":    {ErrMalformed, "section 3 has 0 bytes", func(b []byte) []byte { b[tau2-12] = 9; return b }},
		"endless section": {ErrMalformed, "section 1 ends after the file", func(b []byte) []byte { copy(b[16:24], bytes.Repeat([]byte{0xff}, 8)); return b }},
		"coordinate size": {ErrForeign, "another curve", func(b []byte) []byte { b[header] = 48; return b }},
		"another field":   {ErrForeign, "another curve", func(b []byte) []byte { b[header+4] ^= 2; return b }},
		"power":           {ErrMalformed, "section 2 has 448 bytes, 960 are wanted", func(b []byte) []byte { b[header+36] = 3; b[header+40] = 3; return b }},
		"no powers":       {ErrMalformed, "2^0 powers", func(b []byte) []byte { b[header+36] = 0; return b }},
		"large power":     {ErrMalformed, "2^200 powers", func(b []byte) []byte { b[header+36] = 200; b[header+40] = 200; return b }},
		"larger power":    {ErrMalformed, "2^3 powers of a ceremony for 2^2", func(b []byte) []byte { b[header+36] = 3; return b }},
		"truncated":       {ErrMalformed, "section 7 ends after the file", func(b []byte) []byte { return b[:len(b)-1] }},
		"cut":             {ErrMalformed, "section 2 ends after the file", func(b []byte) []byte { return b[:tau+5] }},
		"more":            {ErrMalformed, "1 bytes after the last section", func(b []byte) []byte { return append(b, 0) }},
		"nothing":         {ErrMalformed, "the file ends too early", func(b []byte) []byte { return nil }},
		"modulus":         {ErrMalformed, notIn, func(b []byte) []byte { copy(b[tau:], b[header+4:header+36]); return b }},
		"x plus p":        {ErrMalformed, notIn, func(b []byte) []byte { plusP(b[tau:]); return b }},
		"y plus p":        {ErrMalformed, notIn, func(b []byte) []byte { plusP(b[tau+32:]); return b }},
		"y plus p in G2":  {ErrMalformed, notIn2, func(b []byte) []byte { plusP(b[tau2+96:]); return b }},
		"not on curve":    {ErrMalformed, notIn, func(b []byte) []byte { b[tau] ^= 1; return b }},
		"not on twist":    {ErrMalformed, notIn2, func(b []byte) []byte { b[tau2] ^= 1; return b }},
		"infinity":        {ErrMalformed, notIn, func(b []byte) []byte { clear(b[tau : tau+size1]); return b }},
		"infinity in G2":  {ErrMalformed, notIn2, func(b []byte) []byte { clear(b[tau2 : tau2+size2]); return b }},
		"not in subgroup": {ErrMalformed, notIn2, func(b []byte) []byte {
			limbs(b[tau2:], outside.X.A0, outside.X.A1, outside.Y.A0, outside.Y.A1)
			return b
		}},
	} {
		b := bad.edit(bytes.Clone(good))
		_, err := readPtau(bytes.NewReader(b), int64(len(b)), 4)
		require.ErrorIs(t, err, bad.kind, name)
		require.ErrorContains(t, err, bad.want, name)
	}
}

// failing reads all but one byte, as a disk that is broken there.
type failing struct {
	*bytes.Reader
	at int64
}

func (f failing) ReadAt(b []byte, at int64) (int, error) {
	if at <= f.at && f.at < at+int64(len(b)) {
		return 0, os.ErrPermission
	}
	return f.Reader.ReadAt(b, at)
}

func TestReportsAPtauFileThatCannotBeRead(t *testing.T) {
	file, err := os.ReadFile(ptauOfSnarkjs)
	require.NoError(t, err)
	for _, at := range []int64{0, 12, 24, 68, 80, 2064, 2076} { // head; number, size and content of the first sections
		_, err := readPtau(failing{bytes.NewReader(file), at}, int64(len(file)), 4)
		require.ErrorIs(t, err, os.ErrPermission, "at %d", at)
	}
	_, err = ReadPtau(bytes.NewReader(file), int64(len(file)), small, "two\nlines")
	require.ErrorContains(t, err, `source "two\nlines" is not a line`)
	require.NoError(t, checkName("source", "x"+strings.Repeat("\u0316", 30)))
	require.ErrorContains(t, checkName("source", "x"+strings.Repeat("\u0316", 31)), "is not a line")
	require.ErrorContains(t, checkName("source", "\U0001fae9"), "is not a line", "of a later Unicode")
	_, err = ReadPtau(bytes.NewReader(file), int64(len(file)), prover.Relation{}, source)
	require.ErrorContains(t, err, "depth 0")
}

func FuzzPtau(f *testing.F) {
	srs := knownPowers(2, random(), random(), random())
	f.Add(ptauFile(1, &srs))
	f.Add([]byte("ptau"))
	f.Fuzz(func(t *testing.T, b []byte) {
		srs, err := readPtau(bytes.NewReader(b), int64(len(b)), 2)
		if err == nil {
			_ = checkPowers(srs)
		}
	})
}
