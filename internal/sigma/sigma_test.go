package sigma_test

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
)

func statement(message string) *transcript.Transcript {
	t := transcript.New("sigma test")
	t.Absorb("message", []byte(message))
	return t
}

func randomScalar() *babyjub.Scalar {
	var b [64]byte
	rand.Read(b[:])
	return new(babyjub.Scalar).SetUniformBytes(b[:])
}

func small(u uint64) *babyjub.Scalar { return new(babyjub.Scalar).SetUint64(u) }

func mul(s *babyjub.Scalar, p *babyjub.Point) *babyjub.Point {
	return new(babyjub.Point).VarTimeScalarMul(s, p)
}

func add(p, q *babyjub.Point) *babyjub.Point { return new(babyjub.Point).Add(p, q) }

// torsion returns a point of order 8.
func torsion() *babyjub.Point { return &babyjubtest.Torsion()[1] }

var g = babyjub.NewGenerator()

func absorb(t *transcript.Transcript, label string, p *babyjub.Point) {
	b := p.Bytes()
	t.Absorb(label, b[:])
}

func challenge(t *transcript.Transcript) *babyjub.Scalar {
	return new(babyjub.Scalar).SetUniformBytes(t.Challenge("c", 64))
}

// proof follows docs/spec/sigma.md with the commitment r G + r0, over any y.
func proof(t *transcript.Transcript, x, r *babyjub.Scalar, y, r0 *babyjub.Point) *sigma.Proof {
	p := &sigma.Proof{R: *add(mul(r, g), r0)}
	absorb(t, "y", y)
	absorb(t, "r", &p.R)
	p.Z.Mul(challenge(t), x)
	p.Z.Add(&p.Z, r)
	return p
}

// equality follows docs/spec/sigma.md with the commitments r G + r1 and r b + r2, over any y and d.
func equality(t *transcript.Transcript, x, r *babyjub.Scalar, b, y, d, r1, r2 *babyjub.Point) *sigma.Equality {
	p := &sigma.Equality{R1: *add(mul(r, g), r1), R2: *add(mul(r, b), r2)}
	absorb(t, "b", b)
	absorb(t, "y", y)
	absorb(t, "d", d)
	absorb(t, "r1", &p.R1)
	absorb(t, "r2", &p.R2)
	p.Z.Mul(challenge(t), x)
	p.Z.Add(&p.Z, r)
	return p
}

func TestProofVerifies(t *testing.T) {
	for _, x := range []*babyjub.Scalar{randomScalar(), randomScalar(), small(1), small(0), new(babyjub.Scalar).Neg(small(1))} {
		y := mul(x, g)
		for _, prove := range []func(*transcript.Transcript, *babyjub.Scalar, *babyjub.Point) sigma.Proof{sigma.Prove, sigma.ProveDeterministic} {
			p := prove(statement("m"), x, y)
			require.NoError(t, p.Verify(statement("m"), y))

			c := p.Challenge(statement("m"), y)
			require.True(t, mul(&p.Z, g).Equal(add(&p.R, mul(&c, y))), "the challenge is that of z G = R + c y")
		}
		require.NoError(t, proof(statement("m"), x, randomScalar(), y, babyjub.NewIdentity()).Verify(statement("m"), y), "the specification's steps")
	}
}

func TestEqualityVerifies(t *testing.T) {
	h := babyjub.HashToPoint("sigma test")
	for _, b := range []*babyjub.Point{&h, g, babyjub.NewIdentity()} {
		x := randomScalar()
		y, d := mul(x, g), mul(x, b)
		for _, prove := range []func(*transcript.Transcript, *babyjub.Scalar, *babyjub.Point, *babyjub.Point, *babyjub.Point) sigma.Equality{
			sigma.ProveEqual, sigma.ProveEqualDeterministic,
		} {
			p := prove(statement("m"), x, b, y, d)
			require.NoError(t, p.Verify(statement("m"), b, y, d))
		}
		o := babyjub.NewIdentity()
		require.NoError(t, equality(statement("m"), x, randomScalar(), b, y, d, o, o).Verify(statement("m"), b, y, d), "the specification's steps")
	}
}

// A prover that follows every step for a false statement fails at the equation that is false, and there alone.
func TestRejectsFalseStatements(t *testing.T) {
	x, x2, o := randomScalar(), randomScalar(), babyjub.NewIdentity()
	h := babyjub.HashToPoint("sigma test")
	y, y2, d, d2 := mul(x, g), mul(x2, g), mul(x, &h), mul(x2, &h)

	err := proof(statement("m"), x, randomScalar(), y2, o).Verify(statement("m"), y2)
	require.ErrorIs(t, err, sigma.ErrInvalid)

	for _, c := range []struct {
		y, d *babyjub.Point
		want string
	}{
		{y, d, ""},
		{y2, d, "first equation"},
		{y, d2, "second equation"},
	} {
		err := equality(statement("m"), x, randomScalar(), &h, c.y, c.d, o, o).Verify(statement("m"), &h, c.y, c.d)
		if c.want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, sigma.ErrInvalid)
		require.ErrorContains(t, err, c.want)
	}
	// Each equation alone, by a commitment that does not fit.
	err = equality(statement("m"), x, randomScalar(), &h, y, d, g, o).Verify(statement("m"), &h, y, d)
	require.ErrorContains(t, err, "first equation")
	err = equality(statement("m"), x, randomScalar(), &h, y, d, o, g).Verify(statement("m"), &h, y, d)
	require.ErrorContains(t, err, "second equation")
	// y and d of one base change places.
	p := equality(statement("m"), x, randomScalar(), &h, d, y, o, o)
	require.ErrorIs(t, p.Verify(statement("m"), &h, d, y), sigma.ErrInvalid)
}

// Everything that is said to be proved is in the challenge.
func TestAttack01EveryPartOfTheStatement(t *testing.T) {
	x := randomScalar()
	h := babyjub.HashToPoint("sigma test")
	y, d := mul(x, g), mul(x, &h)
	p := sigma.Prove(statement("m"), x, y)
	e := sigma.ProveEqual(statement("m"), x, &h, y, d)
	other := func(q *babyjub.Point) *babyjub.Point { return add(q, torsion()) } // the equations alone do not see it

	for name, verify := range map[string]func() error{
		"message":             func() error { return p.Verify(statement("n"), y) },
		"protocol":            func() error { t := transcript.New("x"); t.Absorb("message", []byte("m")); return p.Verify(t, y) },
		"used transcript":     func() error { t := statement("m"); t.Challenge("c", 64); return p.Verify(t, y) },
		"key":                 func() error { return p.Verify(statement("m"), mul(small(2), y)) },
		"key, small order":    func() error { return p.Verify(statement("m"), other(y)) },
		"equality: message":   func() error { return e.Verify(statement("n"), &h, y, d) },
		"equality: base":      func() error { return e.Verify(statement("m"), g, y, d) },
		"equality: base+T":    func() error { return e.Verify(statement("m"), other(&h), y, d) },
		"equality: key":       func() error { return e.Verify(statement("m"), &h, mul(small(2), y), d) },
		"equality: key+T":     func() error { return e.Verify(statement("m"), &h, other(y), d) },
		"equality: product":   func() error { return e.Verify(statement("m"), &h, y, mul(small(2), d)) },
		"equality: product+T": func() error { return e.Verify(statement("m"), &h, y, other(d)) },
		"equality: exchanged": func() error { return e.Verify(statement("m"), &h, d, y) },
	} {
		require.ErrorIs(t, verify(), sigma.ErrInvalid, name)
	}
	require.NoError(t, p.Verify(statement("m"), y))
	require.NoError(t, e.Verify(statement("m"), &h, y, d))
}

// A forger chooses R, z and the challenge first and solves for the statement: the challenge of the
// statement found is another.
func TestAttack01StatementSolvedFor(t *testing.T) {
	h := babyjub.HashToPoint("sigma test")
	r, z := randomScalar(), randomScalar()
	c := challenge(statement("m")) // of a transcript without y
	inverse := new(babyjub.Scalar).Inverse(c)

	p := sigma.Proof{R: *mul(r, g), Z: *z}
	y := mul(inverse, new(babyjub.Point).Sub(mul(z, g), &p.R)) // z G = R + c y
	require.True(t, mul(z, g).Equal(add(&p.R, mul(c, y))))
	require.ErrorIs(t, p.Verify(statement("m"), y), sigma.ErrInvalid)

	x := randomScalar()
	y = mul(x, g)
	e := sigma.Equality{R1: *mul(r, g), R2: *mul(randomScalar(), &h)}
	cc := statement("m")
	absorb(cc, "b", &h)
	absorb(cc, "y", y)
	absorb(cc, "r1", &e.R1)
	absorb(cc, "r2", &e.R2)
	c = challenge(cc) // of a transcript without d
	e.Z.Mul(c, x)
	e.Z.Add(&e.Z, r)
	d := mul(new(babyjub.Scalar).Inverse(c), new(babyjub.Point).Sub(mul(&e.Z, &h), &e.R2))
	require.True(t, mul(&e.Z, g).Equal(add(&e.R1, mul(c, y))))
	require.True(t, mul(&e.Z, &h).Equal(add(&e.R2, mul(c, d))))
	require.ErrorIs(t, e.Verify(statement("m"), &h, y, d), sigma.ErrInvalid)
}

func TestAttack03EveryField(t *testing.T) {
	x := randomScalar()
	h := babyjub.HashToPoint("sigma test")
	y, d := mul(x, g), mul(x, &h)
	p := sigma.Prove(statement("m"), x, y)
	e := sigma.ProveEqual(statement("m"), x, &h, y, d)

	points := map[string]func(*babyjub.Point){
		"plus G":           func(q *babyjub.Point) { q.Add(q, g) },
		"negated":          func(q *babyjub.Point) { q.Neg(q) },
		"doubled":          func(q *babyjub.Point) { q.Double(q) },
		"the identity":     func(q *babyjub.Point) { q.SetIdentity() },
		"plus small order": func(q *babyjub.Point) { q.Add(q, torsion()) },
	}
	scalars := map[string]func(*babyjub.Scalar){
		"plus one": func(s *babyjub.Scalar) { s.Add(s, small(1)) },
		"negated":  func(s *babyjub.Scalar) { s.Neg(s) },
		"zero":     func(s *babyjub.Scalar) { s.SetUint64(0) },
	}
	for name, change := range points {
		c := p
		change(&c.R)
		require.ErrorIs(t, c.Verify(statement("m"), y), sigma.ErrInvalid, "R %s", name)
		f := e
		change(&f.R1)
		require.ErrorIs(t, f.Verify(statement("m"), &h, y, d), sigma.ErrInvalid, "R1 %s", name)
		f = e
		change(&f.R2)
		require.ErrorIs(t, f.Verify(statement("m"), &h, y, d), sigma.ErrInvalid, "R2 %s", name)
	}
	for name, change := range scalars {
		c := p
		change(&c.Z)
		require.ErrorIs(t, c.Verify(statement("m"), y), sigma.ErrInvalid, "z %s", name)
		f := e
		change(&f.Z)
		require.ErrorIs(t, f.Verify(statement("m"), &h, y, d), sigma.ErrInvalid, "z %s", name)
	}
	f := e
	f.R1, f.R2 = e.R2, e.R1
	require.ErrorIs(t, f.Verify(statement("m"), &h, y, d), sigma.ErrInvalid)
}

func TestAttack03EveryBit(t *testing.T) {
	x := randomScalar()
	h := babyjub.HashToPoint("sigma test")
	y, d := mul(x, g), mul(x, &h)
	p := sigma.Prove(statement("m"), x, y)
	e := sigma.ProveEqual(statement("m"), x, &h, y, d)
	pb, eb := p.Bytes(), e.Bytes()
	for i := range 8 * len(pb) {
		b := pb
		b[i/8] ^= 1 << (i % 8)
		var c sigma.Proof
		if c.SetBytes(b[:]) == nil {
			require.ErrorIs(t, c.Verify(statement("m"), y), sigma.ErrInvalid, "bit %d", i)
		}
	}
	for i := range 8 * len(eb) {
		b := eb
		b[i/8] ^= 1 << (i % 8)
		var c sigma.Equality
		if c.SetBytes(b[:]) == nil {
			require.ErrorIs(t, c.Verify(statement("m"), &h, y, d), sigma.ErrInvalid, "bit %d", i)
		}
	}
}

// The equations ignore components of small order, wherever the prover puts them and whatever the challenge is, so
// that every verifier, alone or in a batch, gives one verdict. What must not have them is checked where it is decoded.
func TestAttack04SmallOrderIsIgnoredEverywhere(t *testing.T) {
	h := babyjub.HashToPoint("sigma test")
	o := babyjub.NewIdentity()
	for k := range 8 {
		s := &babyjubtest.Torsion()[k]
		for range 4 { // challenges of several residues modulo 8
			x, r := randomScalar(), randomScalar()
			y, d, b := mul(x, g), mul(x, &h), add(&h, s)
			ys, ds := add(y, s), add(d, s)
			require.NoError(t, proof(statement("m"), x, r, y, s).Verify(statement("m"), y))
			require.NoError(t, proof(statement("m"), x, r, ys, o).Verify(statement("m"), ys))
			require.NoError(t, equality(statement("m"), x, r, &h, y, d, s, o).Verify(statement("m"), &h, y, d))
			require.NoError(t, equality(statement("m"), x, r, &h, y, d, o, s).Verify(statement("m"), &h, y, d))
			require.NoError(t, equality(statement("m"), x, r, &h, ys, d, o, o).Verify(statement("m"), &h, ys, d))
			require.NoError(t, equality(statement("m"), x, r, &h, y, ds, o, o).Verify(statement("m"), &h, y, ds))
			require.NoError(t, equality(statement("m"), x, r, b, y, d, o, o).Verify(statement("m"), b, y, d))
		}
	}
}

func TestDeterministicProofsRepeat(t *testing.T) {
	x, h := randomScalar(), babyjub.HashToPoint("sigma test")
	y, d := mul(x, g), mul(x, &h)
	p := sigma.ProveDeterministic(statement("m"), x, y)
	again := sigma.ProveDeterministic(statement("m"), x, y)
	require.Equal(t, p.Bytes(), again.Bytes())
	e := sigma.ProveEqualDeterministic(statement("m"), x, &h, y, d)
	eAgain := sigma.ProveEqualDeterministic(statement("m"), x, &h, y, d)
	require.Equal(t, e.Bytes(), eAgain.Bytes())
}

func TestHedgedProofsDiffer(t *testing.T) {
	x, h := randomScalar(), babyjub.HashToPoint("sigma test")
	y, d := mul(x, g), mul(x, &h)
	p, q := sigma.Prove(statement("m"), x, y), sigma.Prove(statement("m"), x, y)
	require.False(t, p.R.Equal(&q.R))
	require.False(t, p.Z.Equal(&q.Z))
	e, f := sigma.ProveEqual(statement("m"), x, &h, y, d), sigma.ProveEqual(statement("m"), x, &h, y, d)
	require.False(t, e.R1.Equal(&f.R1))
	require.False(t, e.R2.Equal(&f.R2))
}

type constant struct{}

func (constant) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// Two proofs that share a mask and not the challenge reveal x. With a random source that repeats, and with none at
// all, no two statements, messages, keys or kinds of proof share one.
func TestAttack42RepeatedRandomness(t *testing.T) {
	source := rand.Reader
	t.Cleanup(func() { rand.Reader = source })
	x, x2, h := small(12345), small(54321), babyjub.HashToPoint("sigma test")
	y, y2, d := mul(x, g), mul(x2, g), mul(x, &h)
	rand.Reader = constant{}

	p, again := sigma.Prove(statement("m"), x, y), sigma.Prove(statement("m"), x, y)
	require.True(t, p.R.Equal(&again.R), "the source repeats")

	seen := map[[64]byte]string{}
	fresh := func(name string, r *babyjub.Point) {
		require.NotContains(t, seen, r.Bytes(), "%s and %s", name, seen[r.Bytes()])
		seen[r.Bytes()] = name
	}
	for name, prove := range map[string]func(*transcript.Transcript, *babyjub.Scalar, *babyjub.Point) sigma.Proof{
		"hedged": sigma.Prove, "deterministic": sigma.ProveDeterministic,
	} {
		for _, message := range []string{"m", "n"} {
			p := prove(statement(message), x, y)
			fresh(name+message, &p.R)
			p = prove(statement(message), x2, y2)
			fresh(name+message+", other key", &p.R)
			// The caller's mistake: a key that is not x G. Its mask must be another all the same.
			p = prove(statement(message), x, y2)
			fresh(name+message+", wrong key", &p.R)
		}
	}
	for name, prove := range map[string]func(*transcript.Transcript, *babyjub.Scalar, *babyjub.Point, *babyjub.Point, *babyjub.Point) sigma.Equality{
		"equality, hedged": sigma.ProveEqual, "equality, deterministic": sigma.ProveEqualDeterministic,
	} {
		p := prove(statement("m"), x, &h, y, d)
		fresh(name, &p.R1)
		p = prove(statement("n"), x, &h, y, d)
		fresh(name+", other message", &p.R1)
		p = prove(statement("m"), x, g, y, y)
		fresh(name+", other base", &p.R1)
		p = prove(statement("m"), x, &h, y2, d)
		fresh(name+", wrong key", &p.R1)
		p = prove(statement("m"), x, &h, y, y2)
		fresh(name+", wrong product", &p.R1)
	}
}

func TestDecodersAreStrict(t *testing.T) {
	x, h := randomScalar(), babyjub.HashToPoint("sigma test")
	y, d := mul(x, g), mul(x, &h)
	p := sigma.Prove(statement("m"), x, y)
	e := sigma.ProveEqual(statement("m"), x, &h, y, d)
	pb, eb := p.Bytes(), e.Bytes()

	t.Run("proof", func(t *testing.T) {
		decoderIsStrict(t, pb[:], []int{0}, 64, func(b []byte) ([]byte, error) {
			c := p
			err := c.SetBytes(b)
			out := c.Bytes()
			return out[:], err
		})
	})
	t.Run("equality", func(t *testing.T) {
		decoderIsStrict(t, eb[:], []int{0, 64}, 128, func(b []byte) ([]byte, error) {
			c := e
			err := c.SetBytes(b)
			out := c.Bytes()
			return out[:], err
		})
	})
	var c sigma.Proof
	require.NoError(t, c.SetBytes(pb[:]))
	require.NoError(t, c.Verify(statement("m"), y))
	var f sigma.Equality
	require.NoError(t, f.SetBytes(eb[:]))
	require.NoError(t, f.Verify(statement("m"), &h, y, d))
}

// decoderIsStrict: decode starts from the value of good and returns what it holds afterwards.
func decoderIsStrict(t *testing.T, good []byte, points []int, scalar int, decode func([]byte) ([]byte, error)) {
	refused := func(b []byte, why string, args ...any) {
		got, err := decode(b)
		require.ErrorIs(t, err, babyjub.ErrEncoding, why, args)
		require.ErrorContains(t, err, "sigma: ")
		require.Equal(t, good, got, "unchanged on error")
	}
	for n := range len(good) {
		refused(good[:n], "%d bytes", n)
	}
	for n := range 100 {
		refused(append(append([]byte{}, good...), make([]byte, n+1)...), "%d bytes too many", n+1)
	}
	field, _ := new(big.Int).SetString("21888242871839275222246405745257275088548364400416034343698204186575808495617", 10)
	order, _ := new(big.Int).SetString("2736030358979909402780800718157159386076813972158567259200215660948447373041", 10)
	raised := func(at int, by *big.Int) []byte {
		b := append([]byte{}, good...)
		v := new(big.Int).SetBytes(b[at : at+32])
		v.Add(v, by).FillBytes(b[at : at+32])
		return b
	}
	for _, at := range points {
		refused(raised(at, field), "x + p at %d", at)
		refused(raised(at+32, field), "y + p at %d", at)
		refused(raised(at, big.NewInt(1)), "off the curve at %d", at)
	}
	refused(raised(scalar, order), "z + q")
}

func FuzzDecode(f *testing.F) {
	x := small(7)
	p := sigma.ProveDeterministic(statement("m"), x, mul(x, g))
	e := sigma.ProveEqualDeterministic(statement("m"), x, g, mul(x, g), mul(x, g))
	pb, eb := p.Bytes(), e.Bytes()
	f.Add(pb[:])
	f.Add(eb[:])
	f.Fuzz(func(t *testing.T, b []byte) {
		var p sigma.Proof
		if p.SetBytes(b) == nil {
			out := p.Bytes()
			require.Equal(t, b, out[:])
			_ = p.Verify(statement("fuzz"), g)
		}
		var e sigma.Equality
		if e.SetBytes(b) == nil {
			out := e.Bytes()
			require.Equal(t, b, out[:])
			_ = e.Verify(statement("fuzz"), g, g, g)
		}
	})
}

// vector is a deterministic proof over statement(message): y = x G, and d = x b where there is a b.
type vector struct {
	Comment, X, Message, Y, B, D, Proof string
}

const vectorFile = "testdata/vectors.json"

func TestVectors(t *testing.T) {
	var want []vector
	h := babyjub.HashToPoint("sigma test")
	hb := h.Bytes()
	for i, message := range []string{"", "abc"} {
		x := new(babyjub.Scalar).SetUniformBytes(append(make([]byte, 60), 0xde, 0xad, 0xbe, byte(i)))
		x.Inverse(x) // full size
		y, d := mul(x, g), mul(x, &h)
		xb, yb, db := x.Bytes(), y.Bytes(), d.Bytes()
		p := sigma.ProveDeterministic(statement(message), x, y)
		e := sigma.ProveEqualDeterministic(statement(message), x, &h, y, d)
		require.NoError(t, p.Verify(statement(message), y))
		require.NoError(t, e.Verify(statement(message), &h, y, d))
		pb, eb := p.Bytes(), e.Bytes()
		want = append(want,
			vector{"knowledge of a logarithm, deterministic", hex.EncodeToString(xb[:]), message, hex.EncodeToString(yb[:]), "", "", hex.EncodeToString(pb[:])},
			vector{"equality of logarithms, deterministic", hex.EncodeToString(xb[:]), message, hex.EncodeToString(yb[:]), hex.EncodeToString(hb[:]), hex.EncodeToString(db[:]), hex.EncodeToString(eb[:])})
	}
	if os.Getenv("UPDATE") != "" {
		b, err := json.MarshalIndent(struct {
			Comment string
			Vectors []vector
		}{"Proofs of docs/spec/sigma.md, deterministic, over a transcript of protocol \"sigma test\" that absorbed (\"message\", message). Made by TestVectors with UPDATE=1.", want}, "", "\t")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(vectorFile, append(b, '\n'), 0o644))
	}
	b, err := os.ReadFile(vectorFile)
	require.NoError(t, err)
	var file struct{ Vectors []vector }
	require.NoError(t, json.Unmarshal(b, &file))
	require.Equal(t, want, file.Vectors)
}

func ExampleProve() {
	secret := randomScalar()
	key := new(babyjub.Point).ScalarBaseMul(secret)

	message := func(text string) *transcript.Transcript {
		t := transcript.New("example signature")
		t.Absorb("message", []byte(text))
		return t
	}
	signature := sigma.Prove(message("polls close at eight"), secret, key)

	fmt.Println(signature.Verify(message("polls close at eight"), key))
	fmt.Println(signature.Verify(message("polls close at nine"), key))
	// Output:
	// <nil>
	// sigma: proof does not verify: knowledge of a discrete logarithm
}

func BenchmarkEqualityVerify(b *testing.B) {
	x, h := randomScalar(), babyjub.HashToPoint("sigma test")
	y, d := mul(x, g), mul(x, &h)
	p := sigma.ProveEqual(statement("m"), x, &h, y, d)
	for b.Loop() {
		if err := p.Verify(statement("m"), &h, y, d); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProofVerify(b *testing.B) {
	x := randomScalar()
	y := mul(x, g)
	p := sigma.Prove(statement("m"), x, y)
	for b.Loop() {
		if err := p.Verify(statement("m"), y); err != nil {
			b.Fatal(err)
		}
	}
}
