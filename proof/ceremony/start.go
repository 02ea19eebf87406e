package ceremony

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/fft"
	"github.com/consensys/gnark-crypto/utils"
	"github.com/consensys/gnark/backend/groth16/bn254/mpcsetup"
	"github.com/consensys/gnark/constraint"
	cs "github.com/consensys/gnark/constraint/bn254"

	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof/prover"
)

const startMagic = "scrutin set-up start v1\n"

// start is the relation at the powers, with delta = 1: what the second phase starts from. u_i, v_i, w_i are the
// polynomials of wire i on the left, right and output sides.
type start struct {
	relation prover.Relation
	rows     *cs.R1CS
	evals    mpcsetup.Phase2Evaluations // u_i(tau), v_i(tau) in both groups; K of the public wires
	first    mpcsetup.Phase2            // K of the other wires, and Z
}

// Start computes what the second phase starts from: the content of [StartFile], which the powers and the
// relation determine. It takes half a minute at depth 20; checking it takes a second.
func Start(ctx context.Context, p *Powers) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("ceremony: %w", err)
	}
	rows, _, err := p.relation.Constraints()
	if err != nil {
		return nil, err
	}
	s := start{relation: p.relation, rows: rows}
	s.evals = s.first.Initialize(rows, &p.srs)
	return s.encode(p)
}

// encode returns the content of the file, which can be read again: no point is infinity by chance.
func (s *start) encode(p *Powers) ([]byte, error) {
	_, circuit, err := p.relation.Constraints()
	if err != nil {
		return nil, err
	}
	origin, err := p.OriginBytes()
	if err != nil {
		return nil, err
	}
	var w wire.Writer
	w.Raw([]byte(startMagic))
	putRelation(&w, p.relation)
	w.Raw(circuit[:])
	digest := sha256.Sum256(origin)
	w.Raw(digest[:])
	left, right := s.sides()
	for i := range left {
		if left[i] {
			put1(&w, s.evals.G1.A[i])
		}
	}
	for i := range right {
		if right[i] {
			put1(&w, s.evals.G1.B[i])
		}
	}
	put1(&w, s.evals.G1.VKK...)
	put1(&w, s.first.Parameters.G1.PKK...)
	put1(&w, s.first.Parameters.G1.Z...)
	for i := range right {
		if right[i] {
			put2(&w, s.evals.G2.B[i])
		}
	}
	if _, err := parseStart(w.Bytes(), p, digest); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

// sides reports for each wire whether it is on some left (right) side. Elsewhere its polynomial is 0.
func (s *start) sides() (left, right []bool) {
	n := s.wires()
	left, right = make([]bool, n), make([]bool, n)
	rows := s.rows.GetR1CIterator()
	for row := rows.Next(); row != nil; row = rows.Next() {
		for _, t := range row.L {
			left[t.VID] = left[t.VID] || t.CID != constraint.CoeffIdZero
		}
		for _, t := range row.R {
			right[t.VID] = right[t.VID] || t.CID != constraint.CoeffIdZero
		}
	}
	return left, right
}

func (s *start) wires() int {
	internal, secret, public := s.rows.GetNbVariables()
	return internal + secret + public
}

const startHeader = len(startMagic) + 2 + 2*sha256.Size

// startRelation reads the relation from the front of the file, so that the other files can be read.
func startRelation(b []byte) (prover.Relation, error) {
	in := wire.NewReader(b)
	if magic := in.Raw(len(startMagic)); string(magic) != startMagic {
		return prover.Relation{}, fmt.Errorf("%w: does not start with %q", ErrMalformed, startMagic)
	}
	return takeRelation(in)
}

// parseStart reads and checks the file; origin is the digest of OriginFile.
func parseStart(b []byte, p *Powers, origin [sha256.Size]byte) (*start, error) {
	r, err := startRelation(b)
	if err != nil {
		return nil, err
	}
	s := &start{relation: r}
	if s.rows, _, err = r.Constraints(); err != nil {
		return nil, err
	}
	in := wire.NewReader(b)
	in.Raw(startHeader - sha256.Size)
	if got := in.Raw(sha256.Size); r != p.relation || !bytes.Equal(got, origin[:]) {
		return nil, fmt.Errorf("%w: made for other powers or another relation", ErrForeign)
	}
	left, right := s.sides()
	wires, public := s.wires(), s.rows.GetNbPublicVariables()
	s.evals.G1.A, s.evals.G1.B, s.evals.G2.B = make([]bn254.G1Affine, wires), make([]bn254.G1Affine, wires), make([]bn254.G2Affine, wires)
	s.evals.G1.VKK = make([]bn254.G1Affine, public)
	first := &s.first.Parameters
	first.G1.PKK = make([]bn254.G1Affine, wires-public)
	first.G1.Z = make([]bn254.G1Affine, len(p.srs.G2.Tau)-1)
	_, _, first.G1.Delta, first.G2.Delta = bn254.Generators()
	for i := range wires {
		if left[i] {
			take1(in, "A", s.evals.G1.A[i:i+1])
		}
	}
	for i := range wires {
		if right[i] {
			take1(in, "B", s.evals.G1.B[i:i+1])
		}
	}
	take1(in, "K", s.evals.G1.VKK)
	take1(in, "K", first.G1.PKK)
	take1(in, "Z", first.G1.Z)
	for i := range wires {
		if right[i] {
			take2(in, "B in G2", s.evals.G2.B[i:i+1])
		}
	}
	if err := in.Done(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return s, s.check(p)
}

// check checks all points against the powers. With random e_i, the sum of e_i u_i is the polynomial of degree
// below n that takes on row j the value <sum of e_i L_ji>; its coefficients are an inverse Fourier transform
// away, and its value at tau is a sum over powers. So with the other lists. A list with a wrong point passes with
// probability 1/r.
func (s *start) check(p *Powers) error {
	n := len(p.srs.G2.Tau)
	e := make(fr.Vector, max(s.wires(), n-1))
	e.MustSetRandom()
	l, r, o := s.combine(e, n)

	public := len(s.evals.G1.VKK)
	tau, high := p.srs.G1.Tau[:n], p.srs.G1.Tau[n:]
	ez := make([]fr.Element, n-1) // the Z are in bit-reversed order
	for i := range ez {
		ez[i] = e[reversed(i, n)]
	}
	type side struct {
		points  []bn254.G1Affine
		scalars []fr.Element
	}
	for _, equal := range []struct {
		what        string
		left, right []side
	}{
		{"A", []side{{s.evals.G1.A, e[:s.wires()]}}, []side{{tau, l}}},
		{"B", []side{{s.evals.G1.B, e[:s.wires()]}}, []side{{tau, r}}},
		{"K", []side{{s.evals.G1.VKK, e[:public]}, {s.first.Parameters.G1.PKK, e[public:s.wires()]}},
			[]side{{p.srs.G1.BetaTau, l}, {p.srs.G1.AlphaTau, r}, {tau, o}}},
		{"Z", []side{{s.first.Parameters.G1.Z, e[:n-1]}, {tau[:n-1], ez}}, []side{{high, ez}}},
	} {
		var sums [2]bn254.G1Affine
		for i, sides := range [2][]side{equal.left, equal.right} {
			for _, x := range sides {
				sum, err := sum1(x.points, x.scalars)
				if err != nil {
					return fmt.Errorf("ceremony: %w", err)
				}
				sums[i].Add(&sums[i], &sum)
			}
		}
		if !sums[0].Equal(&sums[1]) {
			return fmt.Errorf("%w: %s is not that of %v at these powers", ErrInvalid, equal.what, s.relation)
		}
	}
	have, err := sum2(s.evals.G2.B, e[:s.wires()])
	want, err2 := sum2(p.srs.G2.Tau, r)
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("ceremony: %w", err)
	}
	if !have.Equal(&want) {
		return fmt.Errorf("%w: B in G2 is not that of %v at these powers", ErrInvalid, s.relation)
	}
	return nil
}

// combine returns the coefficients of sum e_i u_i, sum e_i v_i and sum e_i w_i.
func (s *start) combine(e []fr.Element, n int) (l, r, o []fr.Element) {
	l, r, o = make([]fr.Element, n), make([]fr.Element, n), make([]fr.Element, n)
	rows := s.rows.GetR1CIterator()
	for j, row := 0, rows.Next(); row != nil; j, row = j+1, rows.Next() {
		for _, side := range []struct {
			terms constraint.LinearExpression
			sum   *fr.Element
		}{{row.L, &l[j]}, {row.R, &r[j]}, {row.O, &o[j]}} {
			for _, t := range side.terms {
				var x fr.Element
				side.sum.Add(side.sum, x.Mul(&s.rows.Coefficients[t.CID], &e[t.VID]))
			}
		}
	}
	d := fft.NewDomain(uint64(n))
	for _, values := range [][]fr.Element{l, r, o} {
		d.FFTInverse(values, fft.DIF)
		utils.BitReverse(values)
	}
	return l, r, o
}
