package prover

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prooftest"
)

// read reads a file that is pinned by its own digest, as an attacker's would be who also wrote the manifest.
func read(b []byte) (*ProvingKey, error) {
	return ReadProvingKey(bytes.NewReader(b), sha256.Sum256(b))
}

func verify(k *ProvingKey, m *proof.Membership, st proof.Statement) error {
	return k.VerifyingKey().Verify(&proof.Claim{Membership: *m, Scope: st.Scope, Message: st.Message})
}

func TestProvesPathsOfEveryLength(t *testing.T) {
	for _, weight := range []uint64{0, 1<<40 - 1} {
		k := testKey(t, weight > 0)
		for n := range testDepth + 1 {
			id := proof.NewIdentity()
			st := statement(id, weight, n)
			m, err := k.Prove(t.Context(), id, st)
			require.NoError(t, err)
			root, err := st.Path.Root()
			require.NoError(t, err)
			require.Equal(t, root, m.Root)
			require.Equal(t, id.Nullifier(st.Scope), m.Nullifier)
			require.Equal(t, weight, m.Weight)
			require.NoError(t, verify(k, m, st))

			st.Message[0] ^= 1
			require.ErrorIs(t, verify(k, m, st), proof.ErrInvalid)
		}
	}
}

func TestProvesSemaphoresStatements(t *testing.T) {
	k := testKey(t, false)
	st := semaphoreStatements(t)[0]
	m, err := k.Prove(t.Context(), st.id, st.Statement)
	require.NoError(t, err)
	require.Equal(t, st.root, m.Root.String())
	require.Equal(t, st.nullifier, m.Nullifier.String())
	require.NoError(t, verify(k, m, st.Statement))
}

func TestProofsAreFresh(t *testing.T) {
	k := testKey(t, false)
	id := proof.NewIdentity()
	st := statement(id, 0, 2)
	a, err := k.Prove(t.Context(), id, st)
	require.NoError(t, err)
	b, err := k.Prove(t.Context(), id, st)
	require.NoError(t, err)
	require.Equal(t, a.Nullifier, b.Nullifier)
	for at := 0; at < len(a.Proof); at += 64 { // A, B.x, B.y, C
		require.NotEqual(t, a.Proof[at:at+64], b.Proof[at:at+64])
	}
}

func TestRefusesWhatItCannotProve(t *testing.T) {
	id := proof.NewIdentity()
	unweighted, weighted := testKey(t, false), testKey(t, true)

	_, err := unweighted.Prove(t.Context(), proof.NewIdentity(), statement(id, 0, 2))
	require.ErrorIs(t, err, proof.ErrInvalid)
	require.ErrorContains(t, err, "another commitment")

	_, err = unweighted.Prove(t.Context(), id, statement(id, 5, 2))
	require.ErrorIs(t, err, proof.ErrInvalid)
	_, err = weighted.Prove(t.Context(), id, statement(id, 0, 2))
	require.ErrorIs(t, err, proof.ErrInvalid)
	_, err = weighted.Prove(t.Context(), id, statement(id, 1<<40, 2))
	require.Error(t, err)

	st := statement(id, 0, 2)
	st.Path.Siblings[1] = census.Node(bytes.Repeat([]byte{0xff}, 32))
	_, err = unweighted.Prove(t.Context(), id, st)
	require.ErrorIs(t, err, census.ErrMalformed)
	st = statement(id, 0, 2)
	st.Path.Index = 4
	_, err = unweighted.Prove(t.Context(), id, st)
	require.ErrorIs(t, err, census.ErrMalformed)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = unweighted.Prove(ctx, id, statement(id, 0, 2))
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = InsecureSetup(ctx, Relation{Depth: 2})
	require.ErrorIs(t, err, context.Canceled)
	for _, depth := range []int{-1, 0, MaxDepth + 1} {
		_, _, err = InsecureSetup(t.Context(), Relation{Depth: depth})
		require.Error(t, err)
	}
}

func TestProvingKeyRoundTrip(t *testing.T) {
	for _, weight := range []uint64{0, 3} {
		k := testKey(t, weight > 0)
		b := file(t, k)
		require.Equal(t, sha256.Sum256(b), k.Digest())
		again, err := ReadProvingKey(bytes.NewReader(b), k.Digest())
		require.NoError(t, err)
		require.Equal(t, k.Digest(), again.Digest())
		require.Equal(t, k.Relation(), again.Relation())
		require.Equal(t, k.VerifyingKey().Bytes(), again.VerifyingKey().Bytes())
		require.True(t, bytes.Equal(b, file(t, again)))

		id := proof.NewIdentity()
		st := statement(id, weight, 3)
		m, err := again.Prove(t.Context(), id, st)
		require.NoError(t, err)
		require.NoError(t, verify(k, m, st))
	}
}

func TestRefusesAnotherDigestBeforeParsing(t *testing.T) {
	k := testKey(t, false)
	b := file(t, k)
	b[len(b)-1] ^= 1
	_, err := ReadProvingKey(bytes.NewReader(b), k.Digest())
	require.ErrorIs(t, err, proof.ErrMalformed)
	require.ErrorContains(t, err, "SHA-256")
	_, err = ReadProvingKey(bytes.NewReader([]byte("not a key")), k.Digest())
	require.ErrorContains(t, err, "SHA-256")
	_, err = ReadProvingKey(bytes.NewReader(nil), [32]byte{})
	require.ErrorContains(t, err, "SHA-256")

	_, err = ReadProvingKey(endless{}, k.Digest())
	require.ErrorIs(t, err, proof.ErrMalformed)
	require.ErrorContains(t, err, "more than")

	_, err = ReadProvingKey(io.MultiReader(bytes.NewReader(b[:100]), broken{}), k.Digest())
	require.ErrorIs(t, err, os.ErrPermission)
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

type broken struct{}

func (broken) Read([]byte) (int, error)  { return 0, os.ErrPermission }
func (broken) Write([]byte) (int, error) { return 0, os.ErrPermission }

func TestReportsAFailingWriter(t *testing.T) {
	_, err := testKey(t, false).WriteTo(broken{})
	require.ErrorIs(t, err, os.ErrPermission)
	require.ErrorContains(t, err, "writing a proving key")
}

func TestRefusesMalformedFiles(t *testing.T) {
	k := testKey(t, false)
	good := file(t, k)
	header := len(k.header())
	body := header + verifyingSize(k.relation)

	lengths := []int{}
	for n := range body + 200 {
		lengths = append(lengths, n)
	}
	for n := len(good) - 10; n < len(good); n++ {
		lengths = append(lengths, n)
	}
	lengths = append(lengths, len(good)/3, len(good)/2)
	for _, n := range lengths {
		_, err := read(good[:n])
		require.ErrorIs(t, err, proof.ErrMalformed, "%d bytes", n)
		if n >= len(magic) {
			require.ErrorContains(t, err, "more bytes wanted", "%d bytes", n)
		}
	}
	for n := 1; n <= 100; n += 33 {
		_, err := read(append(bytes.Clone(good), make([]byte, n)...))
		require.ErrorIs(t, err, proof.ErrMalformed, "%d more bytes", n)
		require.ErrorContains(t, err, "trailing bytes")
	}

	alter := func(want string, edit func(b []byte)) {
		b := bytes.Clone(good)
		edit(b)
		_, err := read(b)
		require.ErrorIs(t, err, proof.ErrMalformed, want)
		require.ErrorContains(t, err, want)
	}
	alter("does not start with", func(b []byte) { b[0] = 'S' })
	alter("does not start with", func(b []byte) { b[len(magic)-2] = '2' }) // another version
	for _, depth := range []byte{0, MaxDepth + 1, 255} {
		alter("is not in 1..32", func(b []byte) { b[len(magic)] = depth })
	}
	for _, depth := range []byte{testDepth - 1, testDepth + 1} {
		alter("another version of the circuit", func(b []byte) { b[len(magic)] = depth })
	}
	alter("another version of the circuit of weighted", func(b []byte) { b[len(magic)+1] = 1 })
	for _, weighted := range []byte{2, 255} {
		alter("unknown relation", func(b []byte) { b[len(magic)+1] = weighted })
	}
	alter("another version of the circuit", func(b []byte) { b[len(magic)+2] ^= 1 })
	alter("verifying key", func(b []byte) { b[header+1] = 1 })
	alter("alpha is not on the curve", func(b []byte) { b[header+40] ^= 1 })
	for _, at := range []int{body, body + 64, body + 128, len(good)/2/64*64 + body%64, len(good) - 128} {
		where := "a point is not on the curve"
		if at > len(good)-128*len(k.key.G2.B) {
			where = "a point is not on the twist"
		}
		alter(where, func(b []byte) { b[at+31] ^= 1 })
		alter("a coordinate is not below the modulus", func(b []byte) {
			v := new(big.Int).SetBytes(b[at:][:32])
			v.Add(v, fp.Modulus()).FillBytes(b[at:][:32])
		})
		alter(where, func(b []byte) { clear(b[at:][:128]) }) // infinity
	}

	// The verifying key of another set-up, of the same relation and of the other.
	for _, weighted := range []bool{false, true} {
		b := append(bytes.Clone(good[:header]), prooftest.NewKey(weighted).VerifyingKey().Bytes()...)
		b = append(b, good[body:]...)
		_, err := read(b)
		require.ErrorIs(t, err, proof.ErrMalformed)
	}
}

// A key without the randomness of A and B would leak the witness through proofs that verify.
func TestRefusesAKeyWhoseProofsWouldNotHide(t *testing.T) {
	good := file(t, testKey(t, false))
	body := len(testKey(t, false).header()) + verifyingSize(Relation{})
	_, _, g1, _ := bn254.Generators()
	raw := g1.RawBytes()
	for name, at := range map[string]int{"beta": body, "delta": body + 64} {
		b := bytes.Clone(good)
		copy(b[at:], raw[:])
		_, err := read(b)
		require.ErrorIs(t, err, proof.ErrMalformed)
		require.ErrorContains(t, err, name+" differs")
	}
}

// A key that is wrong elsewhere loads, but its proofs do not leave the prover.
func TestNeverShowsAProofThatFails(t *testing.T) {
	k := testKey(t, false)
	good := file(t, k)
	id := proof.NewIdentity()
	body := len(k.header()) + verifyingSize(k.relation)
	_, _, g1, g2 := bn254.Generators()
	raw1, raw2 := g1.RawBytes(), g2.RawBytes()
	outside := bn254.GeneratePointNotInG2(bn254.E2{A0: fp.NewElement(3), A1: fp.NewElement(5)})
	var torsion bn254.G2Affine
	raw3 := torsion.FromJacobian(&outside).RawBytes()
	a := body + 128
	for name, edit := range map[string]func(b []byte){
		"A of the constant":              func(b []byte) { copy(b[a:], raw1[:]) },
		"B of the constant":              func(b []byte) { copy(b[len(b)-128*len(k.key.G2.B):], raw2[:]) },
		"B of the constant, no subgroup": func(b []byte) { copy(b[len(b)-128*len(k.key.G2.B):], raw3[:]) },
		"the last K":                     func(b []byte) { copy(b[len(b)-128*len(k.key.G2.B)-64:], raw1[:]) },
	} {
		b := bytes.Clone(good)
		edit(b)
		require.False(t, bytes.Equal(b, good), name)
		tampered, err := read(b)
		require.NoError(t, err, name)
		m, err := tampered.Prove(t.Context(), id, statement(id, 0, 2))
		require.ErrorContains(t, err, "does not verify", name)
		require.Nil(t, m)
		require.NotErrorIs(t, err, proof.ErrInvalid, "the fault is not the voter's")
	}
}

// gnark prints to standard output unless it is told not to. Inside of tests it never does, so a program
// of its own has to show it.
func TestPrintsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	program := filepath.Join(t.TempDir(), "quiet")
	out, err := exec.Command("go", "build", "-o", program, "./testdata/quiet").CombinedOutput()
	require.NoError(t, err, string(out))
	out, err = exec.Command(program).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, string(out))
}
