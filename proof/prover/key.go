package prover

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/fft"
	groth16 "github.com/consensys/gnark/backend/groth16/bn254"

	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
)

const (
	// magic starts the file of a proving key, format version 1.
	magic = "scrutin proving key v1\n"

	// maxFile bounds the size of a file; the largest relation's key has 4.0 MB.
	maxFile = 5 << 20
)

// ProvingKey proves one relation. It holds the matching verifying key. It is immutable and safe for
// concurrent use.
type ProvingKey struct {
	relation  Relation
	system    *system
	key       groth16.ProvingKey
	verifying *proof.VerifyingKey
	digest    [sha256.Size]byte
}

var _ proof.Prover = (*ProvingKey)(nil)

// Relation returns the relation that the key proves.
func (k *ProvingKey) Relation() Relation { return k.relation }

// VerifyingKey returns the key that accepts this key's proofs.
func (k *ProvingKey) VerifyingKey() *proof.VerifyingKey { return k.verifying }

// Digest returns the SHA-256 of what WriteTo writes, by which a manifest names the key.
func (k *ProvingKey) Digest() [sha256.Size]byte { return k.digest }

// WriteTo writes the key's file.
func (k *ProvingKey) WriteTo(w io.Writer) (int64, error) {
	count := &counter{w: w}
	buffered := bufio.NewWriter(count)
	buffered.Write(k.header())
	buffered.Write(k.verifying.Bytes())
	for _, part := range k.g1Parts() {
		for i := range part {
			b := part[i].RawBytes()
			buffered.Write(b[:])
		}
	}
	for i := range k.key.G2.B {
		b := k.key.G2.B[i].RawBytes()
		buffered.Write(b[:])
	}
	err := buffered.Flush() // keeps the first error of all the writes
	if err != nil {
		err = fmt.Errorf("prover: writing a proving key: %w", err)
	}
	return count.n, err
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// header is the part of the file that does not depend on the set-up.
func (k *ProvingKey) header() []byte {
	var w wire.Writer
	w.Raw([]byte(magic))
	w.Uint8(uint8(k.relation.Depth))
	if k.relation.Weighted {
		w.Uint8(1)
	} else {
		w.Uint8(0)
	}
	w.Raw(k.system.digest[:])
	return w.Bytes()
}

// g1Parts returns the lists of G1 points in the order of the file. Their lengths follow from the
// relation.
func (k *ProvingKey) g1Parts() [][]bn254.G1Affine {
	return [][]bn254.G1Affine{{k.key.G1.Beta, k.key.G1.Delta}, k.key.G1.A, k.key.G1.B, k.key.G1.Z, k.key.G1.K}
}

// shape sets the parts of the key that follow from the relation, and makes room for the others.
func (k *ProvingKey) shape() {
	s := k.system
	wires := s.wires()
	k.key.Domain = *fft.NewDomain(uint64(s.r1cs.GetNbConstraints()))
	k.key.InfinityA, k.key.NbInfinityA = s.absentL, uint64(count(s.absentL))
	k.key.InfinityB, k.key.NbInfinityB = s.absentR, uint64(count(s.absentR))
	k.key.G1.A = make([]bn254.G1Affine, wires-count(s.absentL))
	k.key.G1.B = make([]bn254.G1Affine, wires-count(s.absentR))
	k.key.G2.B = make([]bn254.G2Affine, wires-count(s.absentR))
	k.key.G1.Z = make([]bn254.G1Affine, k.key.Domain.Cardinality-1)
	k.key.G1.K = make([]bn254.G1Affine, wires-s.r1cs.GetNbPublicVariables())
}

func count(set []bool) (n int) {
	for _, in := range set {
		if in {
			n++
		}
	}
	return n
}

// ReadProvingKey reads a key's file, all of r, whose SHA-256 must be digest. The digest comes from a source
// that the voter trusts, such as the manifest; a file with another one is refused before anything in
// it is looked at.
func ReadProvingKey(r io.Reader, digest [sha256.Size]byte) (*ProvingKey, error) {
	file, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("prover: reading a proving key: %w", err)
	}
	if len(file) > maxFile {
		return nil, fmt.Errorf("%w: a proving key of more than %d bytes", proof.ErrMalformed, maxFile)
	}
	if got := sha256.Sum256(file); got != digest {
		return nil, fmt.Errorf("%w: the proving key's SHA-256 is %x, not %x: fetch the election's own key", proof.ErrMalformed, got, digest)
	}
	k, err := parse(file)
	if err != nil {
		return nil, fmt.Errorf("%w: proving key: %w", proof.ErrMalformed, err)
	}
	k.digest = digest
	return k, nil
}

func parse(file []byte) (*ProvingKey, error) {
	r := wire.NewReader(file)
	if string(r.Raw(len(magic))) != magic {
		return nil, fmt.Errorf("does not start with %q", magic)
	}
	k := &ProvingKey{relation: Relation{Depth: int(r.Uint8())}}
	weighted := r.Uint8()
	if weighted > 1 {
		return nil, fmt.Errorf("unknown relation %d", weighted)
	}
	k.relation.Weighted = weighted == 1
	systemDigest := r.Raw(sha256.Size)
	if err := r.Err(); err != nil {
		return nil, err
	}
	var err error
	if k.system, err = k.relation.compile(); err != nil {
		return nil, err
	}
	if string(systemDigest) != string(k.system.digest[:]) {
		return nil, fmt.Errorf("made for another version of the circuit of %v", k.relation)
	}

	// The size tells the relation of the verifying key as well: one of the other does not parse.
	verifying := r.Raw(verifyingSize(k.relation)) // nil if the file ends: no key
	if k.verifying, err = proof.ParseVerifyingKey(verifying); err != nil {
		return nil, err
	}
	v := wire.NewReader(verifying[2:])
	k.key.G1.Alpha = readG1(v)
	k.key.G2.Beta = readG2(v)
	readG2(v) // gamma
	k.key.G2.Delta = readG2(v)

	k.shape()
	k.key.G1.Beta, k.key.G1.Delta = readG1(r), readG1(r)
	for _, part := range k.g1Parts()[1:] {
		for i := range part {
			part[i] = readG1(r)
		}
	}
	for i := range k.key.G2.B {
		k.key.G2.B[i] = readG2(r)
	}
	if err := r.Done(); err != nil {
		return nil, err
	}
	return k, k.matches()
}

// verifyingSize is the size of a verifying key's encoding: version, flags, alpha, beta, gamma, delta, K_i.
func verifyingSize(r Relation) int {
	inputs := 4
	if r.Weighted {
		inputs = 5
	}
	return 2 + bn254.SizeOfG1AffineUncompressed*(2+inputs) + bn254.SizeOfG2AffineUncompressed*3
}

// matches checks that beta and delta in G1 are those in G2 of the verifying key:
// e(beta_1, g_2) = e(g_1, beta_2), and the same for delta. Then A and B of a proof are uniform.
func (k *ProvingKey) matches() error {
	_, _, g1, g2 := bn254.Generators()
	g1.Neg(&g1)
	for _, pair := range []struct {
		name string
		in1  bn254.G1Affine
		in2  bn254.G2Affine
	}{{"beta", k.key.G1.Beta, k.key.G2.Beta}, {"delta", k.key.G1.Delta, k.key.G2.Delta}} {
		ok, err := bn254.PairingCheck([]bn254.G1Affine{pair.in1, g1}, []bn254.G2Affine{g2, pair.in2})
		if err != nil || !ok {
			return fmt.Errorf("%s differs from the verifying key's", pair.name)
		}
	}
	return nil
}

// readG1 and readG2 read a point as package proof does, but do not check that a point of the twist is in the
// subgroup: that takes too long for thousands, and matters only for the proof that comes out, where it
// is checked.
func readG1(r *wire.Reader) (p bn254.G1Affine) {
	if readCoordinates(r, &p.X, &p.Y) && (p.IsInfinity() || !p.IsOnCurve()) {
		r.Fail(errors.New("a point is not on the curve"))
	}
	return p
}

func readG2(r *wire.Reader) (p bn254.G2Affine) {
	if readCoordinates(r, &p.X.A1, &p.X.A0, &p.Y.A1, &p.Y.A0) && (p.IsInfinity() || !p.IsOnCurve()) {
		r.Fail(errors.New("a point is not on the twist"))
	}
	return p
}

func readCoordinates(r *wire.Reader, coordinates ...*fp.Element) bool {
	for _, c := range coordinates {
		if c.SetBytesCanonical(r.Raw(fp.Bytes)) != nil {
			r.Fail(errors.New("a coordinate is not below the modulus")) // if the input has ended, Fail keeps the error that says so
			return false
		}
	}
	return true
}
