package transcript

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"testing"

	"crypto/sha3"

	"github.com/stretchr/testify/require"
)

// TestLayout recomputes a short run from the byte layout of docs/spec/transcript.md.
func TestLayout(t *testing.T) {
	tr := New("layout")
	tr.Absorb("key", []byte("abc"))
	tr.AbsorbUint64("n", 5)
	first := tr.Challenge("y", 64)
	second := tr.Challenge("x", 16)

	head := func(tag byte, label string, n uint64) []byte {
		b := append([]byte{tag}, binary.BigEndian.AppendUint32(nil, uint32(len(label)))...)
		b = append(b, label...)
		return binary.BigEndian.AppendUint64(b, n)
	}
	h := sha3.NewCSHAKE256(nil, []byte("scrutin/v1/layout"))
	h.Write(head(1, "key", 3))
	h.Write([]byte("abc"))
	h.Write(head(1, "n", 8))
	h.Write([]byte{0, 0, 0, 0, 0, 0, 0, 5})
	h.Write(head(2, "y", 64))
	out := make([]byte, 128)
	h.Read(out)
	require.Equal(t, out[:64], first)

	h = sha3.NewCSHAKE256(nil, []byte("scrutin/v1/layout"))
	h.Write([]byte{3})
	h.Write(out[64:])
	h.Write(head(2, "x", 16))
	next := make([]byte, 16)
	h.Read(next)
	require.Equal(t, next, second)
	require.Equal(t, vector, hex.EncodeToString(second), "the value printed in docs/spec/transcript.md")
}

const vector = "111ce52fe4bbd599c912ab5fd1448acc"

func TestEveryOperationCounts(t *testing.T) {
	runs := map[string]func(*Transcript){
		"empty":          func(*Transcript) {},
		"absorb":         func(tr *Transcript) { tr.Absorb("a", []byte("xy")) },
		"other label":    func(tr *Transcript) { tr.Absorb("b", []byte("xy")) },
		"other data":     func(tr *Transcript) { tr.Absorb("a", []byte("xz")) },
		"shifted":        func(tr *Transcript) { tr.Absorb("ax", []byte("y")) },
		"split":          func(tr *Transcript) { tr.Absorb("a", []byte("x")); tr.Absorb("a", []byte("y")) },
		"empty absorb":   func(tr *Transcript) { tr.Absorb("a", nil) },
		"challenge":      func(tr *Transcript) { tr.Challenge("a", 2) },
		"long challenge": func(tr *Transcript) { tr.Challenge("a", 3) },
		"derive":         func(tr *Transcript) { *tr = *tr.Derive("a", []byte("xy")) },
		"other secret":   func(tr *Transcript) { *tr = *tr.Derive("a", []byte("xz")) },
	}
	seen := map[string]string{}
	for name, run := range runs {
		tr := New("test")
		run(tr)
		c := string(tr.Challenge("c", 32))
		require.NotContains(t, seen, c, "%s and %s", name, seen[c])
		seen[c] = name
	}
	require.NotEqual(t, New("test").Challenge("c", 32), New("tesu").Challenge("c", 32))
	require.NotEqual(t, Digest("d", []byte("e1"), []byte("23")), Digest("d", []byte("e12"), []byte("3")))
}

func TestCloneIsIndependent(t *testing.T) {
	a := New("test")
	a.Absorb("x", bytes.Repeat([]byte{7}, 500))
	b := a.Clone()
	require.Equal(t, a.Challenge("c", 200), b.Clone().Challenge("c", 200))
	b.Absorb("more", nil)
	require.NotEqual(t, a.Challenge("d", 32), b.Challenge("d", 32))
}

type constant struct{}

func (constant) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// A random source that repeats gives other masks as soon as the secret or the statement differs.
func TestAttack42RepeatedRandomness(t *testing.T) {
	source := rand.Reader
	t.Cleanup(func() { rand.Reader = source })
	rand.Reader = constant{}
	fork := func(statement, secret string) []byte {
		tr := New("test")
		tr.Absorb("statement", []byte(statement))
		return tr.Hedge("mask", []byte(secret)).Challenge("r", 64)
	}
	require.Equal(t, fork("s", "k"), fork("s", "k"))
	require.NotEqual(t, fork("s", "k"), fork("t", "k"))
	require.NotEqual(t, fork("s", "k"), fork("s", "l"))
}

func TestHedgeIsFresh(t *testing.T) {
	tr := New("test")
	a, b := tr.Hedge("mask", []byte("k")), tr.Hedge("mask", []byte("k"))
	require.NotEqual(t, a.Challenge("r", 64), b.Challenge("r", 64))
	require.Equal(t, New("test").Challenge("c", 32), tr.Challenge("c", 32), "the public transcript is unchanged")
}
