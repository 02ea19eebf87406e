package prover

import (
	"bytes"
	"context"
	"math/big"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/constraint"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/poseidon"
	"github.com/scrutin/scrutin/proof"
)

const testDepth = 4

// testKey returns the keys of a small relation, set up once.
func testKey(t testing.TB, weighted bool) *ProvingKey {
	t.Helper()
	if weighted {
		return weightedKey()
	}
	return unweightedKey()
}

var (
	unweightedKey = sync.OnceValue(func() *ProvingKey { return mustSetup(Relation{Depth: testDepth}) })
	weightedKey   = sync.OnceValue(func() *ProvingKey { return mustSetup(Relation{Depth: testDepth, Weighted: true}) })
)

func mustSetup(r Relation) *ProvingKey {
	k, _, err := InsecureSetup(context.Background(), r)
	if err != nil {
		panic(err)
	}
	return k
}

func file(t testing.TB, k *ProvingKey) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := k.WriteTo(&b)
	require.NoError(t, err)
	require.EqualValues(t, b.Len(), n)
	return b.Bytes()
}

// pathOf returns a path of the identity with that many random siblings.
func pathOf(id *proof.Identity, weight uint64, siblings int) census.Path {
	p := census.Path{Commitment: id.Commitment(), Weight: weight}
	for i := range siblings {
		var e fr.Element
		e.MustSetRandom()
		p.Siblings = append(p.Siblings, e.Bytes())
		if i%3 != 1 {
			p.Index |= 1 << i
		}
	}
	return p
}

// inputs are the inputs of a circuit with names: index 0 is the constant wire.
type inputs struct {
	system *system
	wires  []fr.Element
	public int

	root, nullifier, message, scope, weight int
	secret, bits, length, right, siblings   int
}

func layout(k *ProvingKey) inputs {
	in := inputs{system: k.system, root: 1, nullifier: 2, message: 3, scope: 4, weight: 5}
	in.public = k.system.r1cs.GetNbPublicVariables()
	in.secret = in.public
	in.bits = in.secret + 1
	in.length = in.bits + scalarBits
	in.right = in.length + k.relation.Depth + 1
	in.siblings = in.right + k.relation.Depth
	return in
}

// honest returns the inputs that the prover computes for a statement.
func honest(t testing.TB, k *ProvingKey, id *proof.Identity, st proof.Statement) inputs {
	t.Helper()
	claim, err := st.Claim(id)
	require.NoError(t, err)
	w, err := k.witness(id, st, claim)
	require.NoError(t, err)
	in := layout(k)
	in.wires = append([]fr.Element{fr.One()}, w.Vector().(fr.Vector)...)
	require.Len(t, in.wires, in.siblings+k.relation.Depth)
	return in
}

// solve assigns the internal wires and returns the numbers of the rows that do not hold, or whose new wire
// is free, because what it is multiplied by is zero. gnark's solver gives up at the first one.
func (in inputs) solve(t testing.TB) (failing []int) {
	t.Helper()
	_, failing = in.assign(t)
	return failing
}

// assign is solve, with the values of all wires.
func (in inputs) assign(t testing.TB) (values []fr.Element, failing []int) {
	t.Helper()
	values = make([]fr.Element, in.system.wires())
	known := make([]bool, len(values))
	for i := range copy(values, in.wires) {
		known[i] = true
	}
	coefficients := in.system.r1cs.Coefficients
	rows := in.system.r1cs.GetR1CIterator()
	for n, row := 0, rows.Next(); row != nil; n, row = n+1, rows.Next() {
		var sums [3]fr.Element
		unknown, side := constraint.Term{}, -1
		for i, expression := range []constraint.LinearExpression{row.L, row.R, row.O} {
			for _, term := range expression {
				if !known[term.VID] {
					require.Equal(t, -1, side, "row %d has two unknown wires", n)
					unknown, side = term, i
					continue
				}
				var x fr.Element
				sums[i].Add(&sums[i], x.Mul(&coefficients[term.CID], &values[term.VID]))
			}
		}
		l, r, o := &sums[0], &sums[1], &sums[2]
		var x fr.Element
		free := false
		switch side {
		case 0: // (l + c x) r = o
			free = r.IsZero()
			x.Div(o, r)
			x.Sub(&x, l)
			l.Add(l, &x)
		case 1:
			free = l.IsZero()
			x.Div(o, l)
			x.Sub(&x, r)
			r.Add(r, &x)
		case 2:
			x.Mul(l, r)
			x.Sub(&x, o)
			o.Add(o, &x)
		}
		if side >= 0 {
			values[unknown.VID].Div(&x, &coefficients[unknown.CID])
			known[unknown.VID] = true
		}
		if product := *new(fr.Element).Mul(l, r); free || !product.Equal(o) {
			failing = append(failing, n)
		}
	}
	return values, failing
}

// sides returns, for every row, the wires of L, R and O, the constant included.
func (in inputs) sides() (out [][3][]int) {
	rows := in.system.r1cs.GetR1CIterator()
	for row := rows.Next(); row != nil; row = rows.Next() {
		var r [3][]int
		for i, expression := range []constraint.LinearExpression{row.L, row.R, row.O} {
			for _, term := range expression {
				if term.CID != constraint.CoeffIdZero {
					r[i] = append(r[i], int(term.VID))
				}
			}
		}
		out = append(out, r)
	}
	return out
}

// rows returns the numbers of the rows that the test picks; there must be some.
func (in inputs) rows(t testing.TB, pick func(l, r, o []int) bool) (out []int) {
	t.Helper()
	for n, side := range in.sides() {
		if pick(side[0], side[1], side[2]) {
			out = append(out, n)
		}
	}
	require.NotEmpty(t, out)
	return out
}

// boolean returns the row wire * (1 - wire) = 0.
func (in inputs) boolean(t testing.TB, wire int) int {
	t.Helper()
	found := in.rows(t, func(l, r, o []int) bool {
		within := func(side []int) bool {
			for _, w := range side {
				if w != 0 && w != wire {
					return false
				}
			}
			return len(side) > 0 && side[len(side)-1] == wire
		}
		return within(l) && within(r) && len(o) == 0
	})
	require.Len(t, found, 1)
	return found[0]
}

// equality returns the row that says that the wire, alone on its side, equals something.
func (in inputs) equality(t testing.TB, wire int) int {
	t.Helper()
	found := in.rows(t, func(l, r, o []int) bool {
		one := len(l) == 1 && l[0] == 0
		return one && (len(r) == 1 && r[0] == wire || len(o) == 1 && o[0] == wire)
	})
	require.Len(t, found, 1)
	return found[0]
}

// setRoot makes the public root the one that the other inputs lead to, whatever they are:
// sum length[i] node[i].
func (in inputs) setRoot() {
	node := poseidon.Hash(in.publicKey())
	if in.public > in.weight {
		node = poseidon.Hash(node, in.wires[in.weight], fr.Element{})
	}
	depth := in.siblings - in.right
	var root, x fr.Element
	root.Mul(&node, &in.wires[in.length])
	for i := range depth {
		sibling := in.wires[in.siblings+i]
		var swap, right fr.Element
		swap.Sub(&sibling, &node)
		swap.Mul(&swap, &in.wires[in.right+i])
		right.Sub(&sibling, &swap)
		node.Add(&node, &swap)
		node = poseidon.Hash(node, right)
		root.Add(&root, x.Mul(&node, &in.wires[in.length+i+1]))
	}
	in.wires[in.root] = root
}

// publicKey returns (x, y) = s B8 for the s of the bits, which may be q or more.
func (in inputs) publicKey() (x, y fr.Element) {
	v := new(big.Int)
	for i := range scalarBits {
		v.SetBit(v, i, uint(in.wires[in.bits+i].Uint64()))
	}
	q, _ := new(big.Int).SetString(subgroupOrder, 10)
	var s babyjub.Scalar
	if err := s.SetBigInt(v.Mod(v, q)); err != nil {
		panic(err)
	}
	return new(babyjub.Point).ScalarBaseMul(&s).Affine()
}

func (in inputs) setNullifier() {
	in.wires[in.nullifier] = poseidon.Hash(in.wires[in.scope], in.wires[in.secret])
}
