package zkey

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/fft"

	"github.com/scrutin/scrutin/proof"
)

const (
	g1Size = 2 * fp.Bytes
	g2Size = 4 * fp.Bytes

	// public is the number of public inputs: root, nullifier, H(message), H(scope).
	public = 4

	sections        = 10
	headerSize      = 2*(4+fp.Bytes) + 3*4 + 3*g1Size + 3*g2Size
	coefficientSize = 3*4 + fr.Bytes

	// maxDomain is four times the domain of the largest published key.
	maxDomain = 1 << 16
)

// points is a parsed proving key.
type points struct {
	verifying             *proof.VerifyingKey
	alpha, beta1, delta1  bn254.G1Affine
	beta2, gamma2, delta2 bn254.G2Affine
	ic, a, b1, c, h       []bn254.G1Affine // c of the wires that are not public, h of the domain
	b2                    []bn254.G2Affine
	left, right           []term // of the rows' first and second factors
	domain                *fft.Domain
}

// term adds value * (wire) to a row.
type term struct {
	row, wire uint32
	value     fr.Element
}

// inverseR is R^-1, R = 2^256, in both fields. Coordinates are stored times R, coefficients times R^2.
var inverseRp, inverseR2r = func() (p fp.Element, r fr.Element) {
	p.SetBigInt(new(big.Int).Lsh(big.NewInt(1), 256)).Inverse(&p)
	r.SetBigInt(new(big.Int).Lsh(big.NewInt(1), 512)).Inverse(&r)
	return p, r
}()

// parse reads a file of snarkjs's format, version 1: the ten sections of a Groth16 key on BN254 in the order of
// their numbers, as all published keys have them. No count is believed before the section has the size for it.
//
// Points must be on their curves. That those of G2 are in the subgroup is not checked, since it takes long and
// matters only for the proof that comes out, where it is.
func parse(file []byte) (*points, error) {
	r := &reader{b: file}
	if string(r.take(4)) != "zkey" || r.uint32() != 1 || r.uint32() != sections {
		return nil, errors.New("not a zkey file of version 1 with ten sections")
	}
	var body [sections + 1]*reader
	for i := 1; i <= sections; i++ {
		number, size := r.uint32(), r.uint64()
		if r.err == nil && number != uint32(i) {
			return nil, fmt.Errorf("section %d where %d should be", number, i)
		}
		body[i] = &reader{b: r.take(size)}
	}
	if r.err != nil || len(r.b) > 0 {
		return nil, errors.New("the sections do not fill the file")
	}
	if len(body[1].b) != 4 || body[1].uint32() != 1 {
		return nil, errors.New("not a Groth16 key")
	}
	p := &points{}
	wires, domain, err := p.header(body[2])
	if err != nil {
		return nil, err
	}
	for _, s := range []struct {
		number, points, size uint64
	}{
		{3, public + 1, g1Size}, {5, wires, g1Size}, {6, wires, g1Size}, {7, wires, g2Size},
		{8, wires - public - 1, g1Size}, {9, domain, g1Size},
	} {
		if uint64(len(body[s.number].b)) != s.points*s.size {
			return nil, fmt.Errorf("section %d has %d bytes, %d points wanted", s.number, len(body[s.number].b), s.points)
		}
	}
	p.ic = body[3].listG1(false)
	if err := p.coefficients(body[4], uint32(wires), uint32(domain)); err != nil {
		return nil, err
	}
	p.a, p.b1, p.c, p.h = body[5].listG1(true), body[6].listG1(true), body[8].listG1(true), body[9].listG1(false)
	p.b2 = body[7].listG2()
	for i, s := range body[1:] {
		if s.err != nil {
			return nil, fmt.Errorf("section %d: %w", i+1, s.err)
		}
	}
	if p.verifying, err = proof.ParseVerifyingKey(p.encodeVerifying()); err != nil {
		return nil, err
	}
	if err := p.matches(); err != nil {
		return nil, err
	}

	// H_i belongs to the i-th odd power of the 2n-th root of unity that gnark-crypto and snarkjs agree on.
	shift, err := fft.Generator(2 * domain)
	if err != nil {
		return nil, err
	}
	p.domain = fft.NewDomain(domain, fft.WithShift(shift))
	return p, nil
}

// header reads section 2: moduli, numbers of wires, of public inputs and of rows, and the fixed points.
func (p *points) header(r *reader) (wires, domain uint64, err error) {
	if len(r.b) != headerSize {
		return 0, 0, fmt.Errorf("section 2 has %d bytes, %d wanted", len(r.b), headerSize)
	}
	for _, modulus := range []*big.Int{fp.Modulus(), fr.Modulus()} {
		size, stored := r.uint32(), r.take(32)
		want := modulus.FillBytes(make([]byte, 32))
		for i := range stored {
			if size != 32 || stored[i] != want[31-i] {
				return 0, 0, errors.New("not a key on BN254")
			}
		}
	}
	wires = uint64(r.uint32())
	inputs := r.uint32()
	domain = uint64(r.uint32())
	switch {
	case inputs != public:
		return 0, 0, fmt.Errorf("%d public inputs, %d wanted", inputs, public)
	case domain < 2 || domain > maxDomain || bits.OnesCount64(domain) != 1:
		return 0, 0, fmt.Errorf("a domain of %d rows, a power of 2 up to %d wanted", domain, maxDomain)
	case wires <= public:
		return 0, 0, fmt.Errorf("%d wires, more than %d wanted", wires, public)
	}
	p.alpha, p.beta1 = r.g1(false), r.g1(false)
	p.beta2, p.gamma2 = r.g2(false), r.g2(false)
	p.delta1 = r.g1(false)
	p.delta2 = r.g2(false)
	return wires, domain, nil // r.err is looked at with that of the other sections
}

// coefficients reads section 4: the terms of the left and right factors of the rows. Rows need no third one,
// since the product of the two is what they are to be equal to.
func (p *points) coefficients(r *reader, wires, domain uint32) error {
	n := r.uint32()
	if uint64(len(r.b)) != uint64(n)*coefficientSize {
		return fmt.Errorf("section 4: %d coefficients in %d bytes", n, len(r.b))
	}
	for range n {
		side, t := r.uint32(), term{row: r.uint32(), wire: r.uint32()}
		if side > 1 || t.row >= domain || t.wire >= wires {
			return errors.New("section 4: a coefficient out of range")
		}
		value, err := fr.LittleEndian.Element((*[fr.Bytes]byte)(r.take(fr.Bytes)))
		if err != nil {
			return errors.New("section 4: a coefficient is not below the modulus")
		}
		t.value.Mul(&value, &inverseR2r)
		if side == 0 {
			p.left = append(p.left, t)
		} else {
			p.right = append(p.right, t)
		}
	}
	return nil
}

// encodeVerifying returns the verifying part as package proof has it.
func (p *points) encodeVerifying() []byte {
	b := []byte{1, 0} // version, unweighted
	put1 := func(q *bn254.G1Affine) {
		raw := q.RawBytes()
		b = append(b, raw[:]...)
	}
	put1(&p.alpha)
	for _, q := range []*bn254.G2Affine{&p.beta2, &p.gamma2, &p.delta2} {
		raw := q.RawBytes()
		b = append(b, raw[:]...)
	}
	for i := range p.ic {
		put1(&p.ic[i])
	}
	return b
}

// matches checks that beta and delta in G1 are those in G2: e(beta_1, g_2) = e(g_1, beta_2), and so for delta.
func (p *points) matches() error {
	_, _, g1, g2 := bn254.Generators()
	g1.Neg(&g1)
	for _, pair := range []struct {
		name string
		in1  bn254.G1Affine
		in2  bn254.G2Affine
	}{{"beta", p.beta1, p.beta2}, {"delta", p.delta1, p.delta2}} {
		ok, err := bn254.PairingCheck([]bn254.G1Affine{pair.in1, g1}, []bn254.G2Affine{g2, pair.in2})
		if err != nil || !ok {
			return fmt.Errorf("%s is not the same in G1 and G2", pair.name)
		}
	}
	return nil
}

// reader reads little-endian numbers and points. After the first error it returns zeros.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n uint64) []byte {
	if r.err == nil && n > uint64(len(r.b)) {
		r.err = errors.New("it ends early")
	}
	if r.err != nil {
		return nil
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// coordinate reads an element that is stored times R.
func (r *reader) coordinate() (e fp.Element) {
	b := r.take(fp.Bytes)
	if b == nil {
		return e
	}
	e, err := fp.LittleEndian.Element((*[fp.Bytes]byte)(b))
	if err != nil {
		r.err = errors.New("a coordinate is not below the modulus")
		return fp.Element{}
	}
	e.Mul(&e, &inverseRp)
	return e
}

// g1 reads x and y. Zeros stand for infinity, which is allowed only where a wire may be in no row.
func (r *reader) g1(infinity bool) (p bn254.G1Affine) {
	p.X, p.Y = r.coordinate(), r.coordinate()
	if r.err == nil && (p.IsInfinity() && !infinity || !p.IsInfinity() && !p.IsOnCurve()) {
		r.err = errors.New("a point is not on the curve")
	}
	return p
}

// g2 reads x and y, each with its real part first.
func (r *reader) g2(infinity bool) (p bn254.G2Affine) {
	p.X.A0, p.X.A1 = r.coordinate(), r.coordinate()
	p.Y.A0, p.Y.A1 = r.coordinate(), r.coordinate()
	if r.err == nil && (p.IsInfinity() && !infinity || !p.IsInfinity() && !p.IsOnCurve()) {
		r.err = errors.New("a point is not on the twist")
	}
	return p
}

func (r *reader) listG1(infinity bool) []bn254.G1Affine {
	list := make([]bn254.G1Affine, len(r.b)/g1Size)
	for i := range list {
		if list[i] = r.g1(infinity); r.err != nil {
			return nil
		}
	}
	return list
}

func (r *reader) listG2() []bn254.G2Affine {
	list := make([]bn254.G2Affine, len(r.b)/g2Size)
	for i := range list {
		if list[i] = r.g2(true); r.err != nil {
			return nil
		}
	}
	return list
}
