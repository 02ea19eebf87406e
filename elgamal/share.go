package elgamal

import (
	"fmt"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
)

// Share is what one trustee, with the key x and the verification key Y = x*G, publishes to open a
// list of sums (A'_k, B'_k): D_k = x*A'_k, and one proof that all of them have the logarithm of Y.
type Share struct {
	D     []babyjub.Point
	Proof sigma.Equality
}

// NewShare makes the share of the trustee with the key x, and y = x*G, in constant time for x. It
// consumes t, in which the caller has absorbed the election, the checkpoint and the trustee's index.
//
// The sums must be cofactored (MulByCofactor); a sum outside the subgroup of prime order is
// refused, since its x*A' would tell x modulo 8. Whoever obtains shares of t trustees for a
// sum learns its plaintext: it is for the caller to know that the sum may be opened.
func NewShare(t *transcript.Transcript, x *babyjub.Scalar, y *babyjub.Point, sums []Ciphertext) (*Share, error) {
	if len(sums) == 0 {
		return nil, fmt.Errorf("%w share: there is no sum to open", ErrInvalid)
	}
	if err := checkKey(y); err != nil {
		return nil, fmt.Errorf("%w share: verification key: %w", ErrInvalid, err)
	}
	if !new(babyjub.Point).ScalarBaseMul(x).Equal(y) {
		return nil, fmt.Errorf("%w share: the secret key does not belong to the verification key", ErrInvalid)
	}
	s := &Share{D: make([]babyjub.Point, len(sums))}
	for k := range sums {
		if !sums[k].A.InSubgroup() || !sums[k].B.InSubgroup() {
			return nil, fmt.Errorf("%w share: sum %d: %w; multiply sums by the cofactor", ErrInvalid, k, babyjub.ErrSubgroup)
		}
		s.D[k].ScalarMul(x, &sums[k].A)
	}
	e := weights(t, y, sums, s.D)
	a := babyjub.VarTimeMultiScalarMul(e, masks(sums))
	d := new(babyjub.Point).ScalarMul(x, &a) // = sum_k e_k D_k
	s.Proof = sigma.ProveEqual(t, x, &a, y, d)
	return s, nil
}

// Verify checks the share of the trustee with the verification key y for the same cofactored sums, over the
// transcript in which the caller has absorbed what NewShare's had; it consumes t. An error says
// what fails; it does not know the trustee's name.
func (s *Share) Verify(t *transcript.Transcript, y *babyjub.Point, sums []Ciphertext) error {
	if len(sums) == 0 || len(s.D) != len(sums) {
		return fmt.Errorf("%w share: it opens %d sums, there are %d", ErrInvalid, len(s.D), len(sums))
	}
	if err := checkKey(y); err != nil {
		return fmt.Errorf("%w share: verification key: %w", ErrInvalid, err)
	}
	for k := range s.D {
		if s.D[k].IsIdentity() != sums[k].A.IsIdentity() {
			return fmt.Errorf("%w share: sum %d: only one of A' and D is the identity", ErrInvalid, k)
		}
		// The proof ignores components of small order, so this is the only check of them.
		if !s.D[k].InSubgroup() { //check:shares/subgroup
			return fmt.Errorf("%w share: sum %d: D: %w", ErrInvalid, k, babyjub.ErrSubgroup)
		}
	}
	e := weights(t, y, sums, s.D)
	a := babyjub.VarTimeMultiScalarMul(e, masks(sums))
	d := babyjub.VarTimeMultiScalarMul(e, s.D)
	if err := s.Proof.Verify(t, &a, y, &d); err != nil { //check:shares/proof
		return fmt.Errorf("%w share: %w", ErrInvalid, err)
	}
	return nil
}

// weights absorbs the statement and draws e_k, one full-size weight for each sum: one equation
// between sum_k e_k A'_k and sum_k e_k D_k then holds for a wrong D_k with probability 1/q.
func weights(t *transcript.Transcript, y *babyjub.Point, sums []Ciphertext, d []babyjub.Point) []babyjub.Scalar {
	points := make([]babyjub.Point, 0, 3*len(sums)+1)
	points = append(points, *y)
	for k := range sums {
		points = append(points, sums[k].A, sums[k].B, d[k])
	}
	encoded := babyjub.BatchBytes(points)

	t.AbsorbUint64("sums", uint64(len(sums)))
	t.Absorb("key", encoded[0][:])
	for k := range sums {
		t.Absorb("a", encoded[3*k+1][:])
		t.Absorb("b", encoded[3*k+2][:])
		t.Absorb("d", encoded[3*k+3][:])
	}
	drawn := t.Challenge("weights", 64*len(sums))
	e := make([]babyjub.Scalar, len(sums))
	for k := range e {
		e[k].SetUniformBytes(drawn[64*k : 64*(k+1)])
	}
	return e
}

// masks returns the A' of all sums.
func masks(sums []Ciphertext) []babyjub.Point {
	a := make([]babyjub.Point, len(sums))
	for k := range sums {
		a[k] = sums[k].A
	}
	return a
}

// Bytes encodes the number of sums (4 bytes, big-endian), all D_k, 64 bytes each, and the proof, 160 bytes.
func (s *Share) Bytes() []byte {
	var w wire.Writer
	w.Uint32(uint32(len(s.D)))
	for _, d := range babyjub.BatchBytes(s.D) {
		w.Raw(d[:])
	}
	p := s.Proof.Bytes()
	w.Raw(p[:])
	return w.Bytes()
}

// SetBytes decodes a share of at least one sum. The points must be on the curve and canonical;
// Verify checks the rest. On error s is unchanged.
func (s *Share) SetBytes(b []byte) error {
	r := wire.NewReader(b)
	n := int64(r.Uint32())
	if want := 4 + babyjub.PointSize*n + sigma.EqualitySize; n == 0 || int64(len(b)) != want {
		return fmt.Errorf("%w: share of %d sums in %d bytes, want %d", ErrMalformed, n, len(b), want)
	}
	d := Share{D: make([]babyjub.Point, n)}
	for k := range d.D {
		if err := d.D[k].SetBytes(r.Raw(babyjub.PointSize)); err != nil {
			return fmt.Errorf("%w: share, sum %d: %w", ErrMalformed, k, err)
		}
	}
	if err := d.Proof.SetBytes(r.Raw(sigma.EqualitySize)); err != nil {
		return fmt.Errorf("%w: share, proof: %w", ErrMalformed, err)
	}
	*s = d
	return nil
}
