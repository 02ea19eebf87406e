package zkey

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"os"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/fft"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
)

// A relation of the tests' own, with the public inputs of Semaphore's and few rows: the inputs are squared, and
// three private wires are multiplied with them.
const (
	testWires  = 16
	testDomain = 16
)

type linear map[int]int64 // wire -> coefficient

// testRows are rows (left) (right) = (output). Wires 0 to 4 are the constant and the public inputs, 5 to 7 are
// free, and 15 is in no row.
var testRows = [][3]linear{
	{{1: 1}, {1: 1}, {8: 1}},
	{{2: 1}, {2: 1}, {9: 1}},
	{{3: 1}, {3: 1}, {10: 1}},
	{{4: 1}, {4: 1}, {11: 1}},
	{{5: 2, 1: 1, 0: 3}, {6: 1, 2: -1}, {12: 1}},
	{{12: 1, 7: 5}, {3: 1, 7: 1, 0: 1}, {13: 1, 12: -4}},
	{{13: 1}, {4: -7, 11: 1}, {14: 2, 0: 9}},
}

// testWitness returns the wires for public inputs and some free wires.
func testWitness(inputs [public]fr.Element) []fr.Element {
	w := make([]fr.Element, testWires)
	w[0].SetOne()
	copy(w[1:], inputs[:])
	for i := 5; i <= 7; i++ {
		w[i].SetUint64(uint64(1000 + i))
	}
	w[15].SetUint64(77)
	value := func(l linear) (sum fr.Element) {
		for wire, c := range l {
			var x fr.Element
			x.SetInt64(c)
			sum.Add(&sum, x.Mul(&x, &w[wire]))
		}
		return sum
	}
	for i, row := range testRows {
		left, right := value(row[0]), value(row[1])
		left.Mul(&left, &right)
		wire := 8 + i // the one wire that the row determines; the others of its output are known
		rest := linear{}
		for other, c := range row[2] {
			if other != wire {
				rest[other] = c
			}
		}
		known := value(rest)
		var c fr.Element
		c.SetInt64(row[2][wire])
		w[wire].Sub(&left, &known)
		w[wire].Div(&w[wire], &c)
	}
	return w
}

// testSections makes the sections of a key of the relation, section i at [i], from a trapdoor.
func testSections() [sections + 1][]byte {
	var alpha, beta, gamma, delta, tau fr.Element
	for _, e := range []*fr.Element{&alpha, &beta, &gamma, &delta, &tau} {
		e.MustSetRandom()
	}
	// The Lagrange polynomial of x in {g w^i} is (tau^n - g^n) x / (n g^n (tau - x)) at tau.
	n := new(big.Int).SetUint64(testDomain)
	omega, err := fft.Generator(testDomain)
	if err != nil {
		panic(err)
	}
	shift, err := fft.Generator(2 * testDomain)
	if err != nil {
		panic(err)
	}
	lagrange := func(g fr.Element, i int) fr.Element {
		var x, gn, tn, bottom, count fr.Element
		x.Exp(omega, big.NewInt(int64(i))).Mul(&x, &g)
		gn.Exp(g, n)
		tn.Exp(tau, n)
		tn.Sub(&tn, &gn).Mul(&tn, &x)
		count.SetUint64(testDomain)
		bottom.Sub(&tau, &x).Mul(&bottom, &gn).Mul(&bottom, &count)
		return *tn.Div(&tn, &bottom)
	}
	one := fr.One()
	var u, v, k [testWires]fr.Element
	var coefficients []byte
	terms := uint32(0)
	for row, sides := range testRows {
		l := lagrange(one, row)
		for side, form := range sides {
			for wire, c := range form {
				var e, x fr.Element
				e.SetInt64(c)
				x.Mul(&e, &l)
				switch side {
				case 0:
					u[wire].Add(&u[wire], &x)
				case 1:
					v[wire].Add(&v[wire], &x)
				case 2:
					k[wire].Add(&k[wire], &x)
				}
				if side < 2 {
					terms++
					coefficients = binary.LittleEndian.AppendUint32(coefficients, uint32(side))
					coefficients = binary.LittleEndian.AppendUint32(coefficients, uint32(row))
					coefficients = binary.LittleEndian.AppendUint32(coefficients, uint32(wire))
					coefficients = append(coefficients, times(e, 2)...)
				}
			}
		}
	}
	g1 := func(b []byte, e fr.Element) []byte {
		var p bn254.G1Affine
		p.ScalarMultiplicationBase(e.BigInt(new(big.Int)))
		return appendCoordinates(b, p.X, p.Y)
	}
	g2 := func(b []byte, e fr.Element) []byte {
		var p bn254.G2Affine
		p.ScalarMultiplicationBase(e.BigInt(new(big.Int)))
		return appendCoordinates(b, p.X.A0, p.X.A1, p.Y.A0, p.Y.A1)
	}
	var s [sections + 1][]byte
	s[1] = []byte{1, 0, 0, 0}
	for _, modulus := range []*big.Int{fp.Modulus(), fr.Modulus()} {
		s[2] = append(s[2], 32, 0, 0, 0)
		s[2] = append(s[2], reversed(modulus.FillBytes(make([]byte, 32)))...)
	}
	for _, number := range []uint32{testWires, public, testDomain} {
		s[2] = binary.LittleEndian.AppendUint32(s[2], number)
	}
	s[2] = g1(g1(s[2], alpha), beta)
	s[2] = g2(g2(s[2], beta), gamma)
	s[2] = g2(g1(s[2], delta), delta)
	s[4] = append(binary.LittleEndian.AppendUint32(nil, terms), coefficients...)
	for i := range testWires {
		var e, x fr.Element
		e.Mul(&beta, &u[i]).Add(&e, x.Mul(&alpha, &v[i])).Add(&e, &k[i])
		if i <= public {
			s[3] = g1(s[3], *x.Div(&e, &gamma))
		} else {
			s[8] = g1(s[8], *x.Div(&e, &delta))
		}
		s[5], s[6], s[7] = g1(s[5], u[i]), g1(s[6], v[i]), g2(s[7], v[i])
	}
	// On the coset of the 2n-th root of unity, h = (left right - product) / (x^n - 1) with x^n - 1 = -2.
	for i := range testDomain {
		e, minusTwo := lagrange(shift, i), fr.NewElement(2)
		var z fr.Element
		z.Exp(tau, n).Sub(&z, &one)
		e.Mul(&e, &z)
		minusTwo.Neg(&minusTwo).Mul(&minusTwo, &delta)
		s[9] = g1(s[9], *e.Div(&e, &minusTwo))
	}
	s[10] = make([]byte, 68)
	return s
}

// times returns e R^n, R = 2^256, little-endian.
func times(e fr.Element, n int) []byte {
	v := e.BigInt(new(big.Int))
	v.Lsh(v, uint(256*n)).Mod(v, fr.Modulus())
	return reversed(v.FillBytes(make([]byte, 32)))
}

func reversed(b []byte) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[len(b)-1-i] = b[i]
	}
	return out
}

func appendCoordinates(b []byte, coordinates ...fp.Element) []byte {
	for _, c := range coordinates {
		v := c.BigInt(new(big.Int))
		v.Lsh(v, 256).Mod(v, fp.Modulus())
		b = append(b, reversed(v.FillBytes(make([]byte, 32)))...)
	}
	return b
}

func assemble(s [sections + 1][]byte) []byte {
	b := append([]byte("zkey"), 1, 0, 0, 0, sections, 0, 0, 0)
	for i, body := range s[1:] {
		b = binary.LittleEndian.AppendUint32(b, uint32(i+1))
		b = binary.LittleEndian.AppendUint64(b, uint64(len(body)))
		b = append(b, body...)
	}
	return b
}

var testKey = sync.OnceValue(testSections)

func testVerifying(t testing.TB) *proof.VerifyingKey {
	t.Helper()
	p, err := parse(assemble(testKey()))
	require.NoError(t, err)
	return p.verifying
}

// canned is testdata/program.wasm with its data: numbers that it reports, and wires.
type canned struct {
	version, words, wires, inputs, shared, mode uint32
	values                                      []fr.Element
}

const (
	loops = 1 + iota
	grows
	asserts
	complains
	recurses
	_
	echoes
)

func (c canned) code(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/program.wasm")
	require.NoError(t, err)
	at := bytes.Index(b, []byte("the data starts here"))
	require.Positive(t, at)
	data := b[at : at+1344]
	clear(data)
	for i, number := range []uint32{c.version, c.words, c.wires, c.inputs, c.shared, c.mode} {
		binary.LittleEndian.PutUint32(data[4*i:], number)
	}
	for i := range c.values {
		fr.LittleEndian.PutElement((*[32]byte)(data[64+32*i:]), c.values[i])
	}
	return b
}

func cannedFor(values []fr.Element, inputs int) canned {
	return canned{version: 2, words: 8, wires: uint32(len(values)), inputs: uint32(inputs), shared: 2048, values: values}
}

// testStatement is of a census of two members.
func testStatement() (*proof.Identity, proof.Statement) {
	id, other := proof.NewIdentity(), proof.NewIdentity()
	return id, proof.Statement{
		Path:    census.Path{Commitment: id.Commitment(), Index: 1, Siblings: []census.Node{census.Node(other.Commitment())}},
		Scope:   proof.Scope{1, 2, 3},
		Message: proof.Message{4, 5, 6},
	}
}

// testProver is a Key of the tests' relation at depth 2, with a program that has the wires for one statement alone.
func testProver(t testing.TB, id *proof.Identity, st proof.Statement, alter func(*canned)) *Key {
	t.Helper()
	claim, err := st.Claim(id)
	require.NoError(t, err)
	inputs, err := claim.Inputs()
	require.NoError(t, err)
	c := cannedFor(testWitness([public]fr.Element(inputs)), 5+2)
	if alter != nil {
		alter(&c)
	}
	k, err := newKey(assemble(testKey()), c.code(t), 2, testVerifying(t), [32]byte{7})
	require.NoError(t, err)
	return k
}
