package prover

import (
	"errors"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/fft"
	"github.com/consensys/gnark/constraint"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/test"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/poseidon"
	"github.com/scrutin/scrutin/proof"
)

// A lie is inputs that no honest prover would use. Each breaks the constraints of one group. It is put to three
// judges: gnark's solver and gnark's test engine, which run the circuit's program, and the verifier, which gets
// what a prover makes of it who does not look whether the rows hold.
type lie struct {
	group    string
	weighted bool
	siblings int
	tell     func(t *testing.T, in inputs, st *proof.Statement)
}

func everyLie() []lie {
	q, _ := new(big.Int).SetString(subgroupOrder, 10)
	setScalar := func(in inputs, v *big.Int) {
		in.wires[in.secret].SetBigInt(v)
		for i := range scalarBits {
			in.wires[in.bits+i].SetUint64(uint64(v.Bit(i)))
		}
		in.setNullifier()
		in.setRoot()
	}
	secretOf := func(in inputs) *big.Int { return in.wires[in.secret].BigInt(new(big.Int)) }
	lengths := func(in inputs, set map[int]int64) {
		for i := range testDepth + 1 {
			in.wires[in.length+i].SetInt64(set[i])
		}
		in.setRoot()
	}
	one := fr.One()
	return []lie{
		{"selector 2", false, 3, func(_ *testing.T, in inputs, _ *proof.Statement) {
			in.wires[in.right+1].SetUint64(2)
			in.setRoot()
		}},
		{"selector that makes the root another's", false, 1, func(t *testing.T, in inputs, _ *proof.Statement) {
			// The inner hash's left input is node + right (sibling - node): any value, whoever the voter is.
			var want, below, gap fr.Element
			want.MustSetRandom() // a member's leaf
			x, y := in.publicKey()
			below = poseidon.Hash(x, y)
			gap.Sub(&in.wires[in.siblings], &below)
			in.wires[in.right].Sub(&want, &below)
			in.wires[in.right].Div(&in.wires[in.right], &gap)
			in.setRoot()
		}},
		{"lengths 3 and -2", false, 4, func(_ *testing.T, in inputs, _ *proof.Statement) { lengths(in, map[int]int64{1: 3, 4: -2}) }},
		{"two lengths", false, 4, func(_ *testing.T, in inputs, _ *proof.Statement) { lengths(in, map[int]int64{1: 1, 3: 1}) }},
		{"no length: root 0", false, 4, func(_ *testing.T, in inputs, _ *proof.Statement) { lengths(in, nil) }},
		{"a root beyond the depth", false, testDepth, func(_ *testing.T, in inputs, _ *proof.Statement) {
			in.wires[in.root] = poseidon.Hash(in.wires[in.root], one)
		}},
		{"a root of others", false, 3, func(_ *testing.T, in inputs, _ *proof.Statement) { in.wires[in.root].MustSetRandom() }},
		{"s + q", false, 2, func(t *testing.T, in inputs, _ *proof.Statement) {
			alias := new(big.Int).Add(secretOf(in), q)
			require.LessOrEqual(t, alias.BitLen(), scalarBits)
			root := in.wires[in.root]
			setScalar(in, alias)
			require.Equal(t, root, in.wires[in.root], "the same leaf, another nullifier")
		}},
		{"q, the identity", false, 2, func(_ *testing.T, in inputs, _ *proof.Statement) { setScalar(in, q) }},
		{"2^251 - 1", false, 2, func(_ *testing.T, in inputs, _ *proof.Statement) {
			setScalar(in, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), scalarBits), big.NewInt(1)))
		}},
		{"a bit that is 2", false, 2, func(_ *testing.T, in inputs, _ *proof.Statement) {
			// The same sum: 2 in a place for 1 in the next.
			for i := range scalarBits - 1 {
				if in.wires[in.bits+i].IsZero() && in.wires[in.bits+i+1].IsOne() {
					in.wires[in.bits+i].SetUint64(2)
					in.wires[in.bits+i+1].SetZero()
					return
				}
			}
		}},
		{"a bit that is -1", false, 2, func(_ *testing.T, in inputs, _ *proof.Statement) {
			for i := range scalarBits - 1 {
				if in.wires[in.bits+i].IsOne() && in.wires[in.bits+i+1].IsZero() { // 1 = 2 - 1
					in.wires[in.bits+i].SetInt64(-1)
					in.wires[in.bits+i+1].SetOne()
					return
				}
			}
		}},
		{"the nullifier of another secret", false, 2, func(_ *testing.T, in inputs, _ *proof.Statement) {
			in.wires[in.secret].Add(&in.wires[in.secret], &one)
			in.setNullifier()
		}},
		{"any nullifier", false, 2, func(_ *testing.T, in inputs, _ *proof.Statement) { in.wires[in.nullifier].MustSetRandom() }},
		{"the nullifier of another scope", false, 2, func(t *testing.T, in inputs, st *proof.Statement) {
			st.Scope = proof.Scope{9}
			public, err := in.claim(st, proof.Proof{}).Inputs()
			require.NoError(t, err)
			in.wires[in.scope] = public[3]
		}},
		{"a message exchanged afterwards", false, 2, func(_ *testing.T, _ inputs, st *proof.Statement) { st.Message = proof.Message{9} }},
		{"a weight of one more", true, 2, func(_ *testing.T, in inputs, st *proof.Statement) {
			in.wires[in.weight].Add(&in.wires[in.weight], &one)
		}},
		{"a weight of r - 1", true, 2, func(_ *testing.T, in inputs, _ *proof.Statement) { in.wires[in.weight].SetInt64(-1) }},
		{"a node as the leaf", true, 2, func(t *testing.T, in inputs, _ *proof.Statement) {
			// The path from the leaf's commitment, as if it were unweighted.
			x, y := in.publicKey()
			in.wires[in.root] = poseidon.Hash(poseidon.Hash(x, y), in.wires[in.siblings])
		}},
	}
}

// engineCircuit gives the test engine bits in the one form in which its comparison takes them.
type engineCircuit struct{ circuit }

func (c *engineCircuit) Define(api frontend.API) error {
	for i := range c.Bits {
		c.Bits[i] = api.Add(c.Bits[i], 0)
	}
	return c.circuit.Define(api)
}

// engine runs the circuit's program on the inputs, in gnark's test engine.
func (in inputs) engine(r Relation) error {
	assignment := newCircuit(r)
	at := 1
	next := func(v *frontend.Variable) { *v = in.wires[at]; at++ }
	for _, v := range []*frontend.Variable{&assignment.Root, &assignment.Nullifier, &assignment.Message, &assignment.Scope} {
		next(v)
	}
	for i := range assignment.Weight {
		next(&assignment.Weight[i])
	}
	next(&assignment.Secret)
	for _, list := range [][]frontend.Variable{assignment.Bits, assignment.Length, assignment.Right, assignment.Siblings} {
		for i := range list {
			next(&list[i])
		}
	}
	return test.IsSolved(&engineCircuit{*newCircuit(r)}, &engineCircuit{*assignment}, ecc.BN254.ScalarField())
}

// careless makes the proof of a prover who does not look whether the rows hold: without randomness,
//
//	A = alpha + sum w_i A_i,  B = beta + sum w_i B_i,  C = sum w_i K_i + h(tau) Z(tau)/delta
//
// where h is what the division of L R - O by Z gives, rest or no rest.
func careless(t *testing.T, k *ProvingKey, values []fr.Element) (p proof.Proof) {
	t.Helper()
	n := int(k.key.Domain.Cardinality)
	var sides [3][]fr.Element
	for i := range sides {
		sides[i] = make([]fr.Element, n)
	}
	coefficients := k.system.r1cs.Coefficients
	rows := k.system.r1cs.GetR1CIterator()
	for at, row := 0, rows.Next(); row != nil; at, row = at+1, rows.Next() {
		for i, side := range []constraint.LinearExpression{row.L, row.R, row.O} {
			for _, term := range side {
				var x fr.Element
				sides[i][at].Add(&sides[i][at], x.Mul(&coefficients[term.CID], &values[term.VID]))
			}
		}
	}
	domain := &k.key.Domain
	for i := range sides {
		domain.FFTInverse(sides[i], fft.DIF)
		domain.FFT(sides[i], fft.DIT, fft.OnCoset())
	}
	one := fr.One()
	var vanishing fr.Element
	vanishing.Exp(domain.FrMultiplicativeGen, big.NewInt(int64(n)))
	vanishing.Sub(&vanishing, &one).Inverse(&vanishing)
	h := sides[0]
	for i := range h {
		h[i].Mul(&h[i], &sides[1][i])
		h[i].Sub(&h[i], &sides[2][i])
		h[i].Mul(&h[i], &vanishing)
	}
	domain.FFTInverse(h, fft.DIF, fft.OnCoset())

	without := func(absent []bool) (out []fr.Element) {
		for i := range values {
			if !absent[i] {
				out = append(out, values[i])
			}
		}
		return out
	}
	var a, c, z bn254.G1Affine
	var b bn254.G2Affine
	sum := func(_ any, err error) { t.Helper(); require.NoError(t, err) }
	sum(a.MultiExp(k.key.G1.A, without(k.key.InfinityA), ecc.MultiExpConfig{}))
	sum(b.MultiExp(k.key.G2.B, without(k.key.InfinityB), ecc.MultiExpConfig{}))
	sum(c.MultiExp(k.key.G1.K, values[k.system.r1cs.GetNbPublicVariables():], ecc.MultiExpConfig{}))
	sum(z.MultiExp(k.key.G1.Z, h[:n-1], ecc.MultiExpConfig{}))
	a.Add(&a, &k.key.G1.Alpha)
	b.Add(&b, &k.key.G2.Beta)
	c.Add(&c, &z)
	ab, bb, cb := a.RawBytes(), b.RawBytes(), c.RawBytes()
	copy(p[copy(p[copy(p[:], ab[:]):], bb[:])+len(ab):], cb[:])
	return p
}

// claim is about the public inputs, whose scope and message are those of the statement.
func (in inputs) claim(st *proof.Statement, p proof.Proof) *proof.Claim {
	c := &proof.Claim{Scope: st.Scope, Message: st.Message}
	c.Membership.Root, c.Membership.Nullifier = in.wires[in.root].Bytes(), in.wires[in.nullifier].Bytes()
	if in.public > in.weight {
		c.Membership.Weight = in.wires[in.weight].Uint64()
	}
	c.Membership.Proof = p
	return c
}

// TestAttack24: witnesses that break each group of constraints, through gnark's test engine and through real proofs.
func TestAttack24MaliciousWitnesses(t *testing.T) {
	for _, weight := range []uint64{0, 70} { // what is true satisfies all three judges
		k, id := testKey(t, weight > 0), smallIdentity(t)
		st := statement(id, weight, 3)
		in := honest(t, k, id, st)
		require.NoError(t, in.engine(k.relation))
		values, failing := in.assign(t)
		require.Empty(t, failing)
		require.NoError(t, k.verifying.Verify(in.claim(&st, careless(t, k, values))))
	}
	for _, l := range everyLie() {
		t.Run(l.group, func(t *testing.T) {
			k := testKey(t, l.weighted)
			var weight uint64
			if l.weighted {
				weight = 70
			}
			id := smallIdentity(t)
			st := statement(id, weight, l.siblings)
			in := honest(t, k, id, st)

			before := st.Message
			l.tell(t, in, &st)
			if st.Message == before { // the circuit knows nothing of messages: the verifier does
				require.NotEmpty(t, lies(t, in))
				require.Error(t, in.engine(k.relation))
			}
			values, _ := in.assign(t)
			err := k.verifying.Verify(in.claim(&st, careless(t, k, values)))
			require.Error(t, err)
			if !errors.Is(err, proof.ErrMalformed) { // as root 0 and a weight of r - 1 are before any pairing
				require.ErrorIs(t, err, proof.ErrInvalid)
			}
		})
	}
}

// A prover changes one internal wire, and does not look: the proof is none. By algebra the same for every wire.
func TestAttack24NoInternalWireIsFree(t *testing.T) {
	k := testKey(t, false)
	id := smallIdentity(t)
	st := statement(id, 0, 2)
	in := honest(t, k, id, st)
	values, failing := in.assign(t)
	require.Empty(t, failing)
	one := fr.One()
	first := len(in.wires)
	require.Greater(t, len(values)-first, 1000)
	for at := first; at < len(values); at += 1 + (len(values)-first)/10 {
		changed := append([]fr.Element(nil), values...)
		changed[at].Add(&changed[at], &one)
		require.ErrorIs(t, k.verifying.Verify(in.claim(&st, careless(t, k, changed))), proof.ErrInvalid, "wire %d", at)
	}

	// Changed alone, each one breaks a row. Free are the siblings beyond the length, and nothing else.
	coefficients := k.system.r1cs.Coefficients
	free := map[int]bool{}
	for wire := range values {
		free[wire] = true
	}
	rows := k.system.r1cs.GetR1CIterator()
	for row := rows.Next(); row != nil; row = rows.Next() {
		var sums [3]fr.Element
		var in [3]map[int]fr.Element
		for i, side := range []constraint.LinearExpression{row.L, row.R, row.O} {
			in[i] = map[int]fr.Element{}
			for _, term := range side {
				var x fr.Element
				sums[i].Add(&sums[i], x.Mul(&coefficients[term.CID], &values[term.VID]))
				c := in[i][int(term.VID)]
				in[i][int(term.VID)] = *c.Add(&c, &coefficients[term.CID])
			}
		}
		for i := range in {
			for wire := range in[i] {
				if !free[wire] {
					continue
				}
				l, r, o := in[0][wire], in[1][wire], in[2][wire]
				l.Add(&l, &sums[0])
				r.Add(&r, &sums[1])
				o.Add(&o, &sums[2])
				if product := *new(fr.Element).Mul(&l, &r); !product.Equal(&o) {
					delete(free, wire)
				}
			}
		}
	}
	for wire := range free {
		require.True(t, wire >= in.siblings+2 && wire < first, "wire %d, with 1 added, breaks no row", wire)
	}
}
