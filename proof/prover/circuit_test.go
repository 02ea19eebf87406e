package prover

import (
	"math/big"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/internal/poseidon"
	"github.com/scrutin/scrutin/proof"
)

// The tests below put inputs into the circuit that no honest prover would, compute the internal wires, and
// demand that exactly the rows fail that stand for the rule which the inputs break: without those rows
// the lie would be provable, and no other row depends on it.

func statement(id *proof.Identity, weight uint64, siblings int) proof.Statement {
	return proof.Statement{Path: pathOf(id, weight, siblings), Scope: proof.Scope{1}, Message: proof.Message{2}}
}

// smallIdentity has a scalar s with s + q < 2^251, so that s + q fits in the bits.
func smallIdentity(t *testing.T) *proof.Identity {
	t.Helper()
	id, err := proof.ParseIdentity(new(big.Int).Lsh(big.NewInt(12345), 200).FillBytes(make([]byte, 32)))
	require.NoError(t, err)
	return id
}

// lies checks that gnark's solver refuses the inputs, too, and returns the failing rows.
func lies(t *testing.T, in inputs) []int {
	t.Helper()
	w, err := newWitness(in.wires[1:in.public], in.wires[in.public:])
	require.NoError(t, err)
	_, err = in.system.r1cs.Solve(w)
	require.Error(t, err)
	return in.solve(t)
}

func TestHonestInputsHold(t *testing.T) {
	for _, weight := range []uint64{0, 1, 1<<40 - 1} {
		k := testKey(t, weight > 0)
		for n := range testDepth + 1 {
			id := proof.NewIdentity()
			in := honest(t, k, id, statement(id, weight, n))
			require.Empty(t, in.solve(t), "%d siblings", n)
			before := in.wires[in.root]
			in.setRoot()
			require.Equal(t, before, in.wires[in.root])
		}
	}
}

func TestLargestAndSmallestScalarsHold(t *testing.T) {
	q, _ := new(big.Int).SetString(subgroupOrder, 10)
	for _, s := range []*big.Int{big.NewInt(1), new(big.Int).Sub(q, big.NewInt(1)), new(big.Int).Rsh(q, 1)} {
		id, err := proof.ParseIdentity(s.FillBytes(make([]byte, 32)))
		require.NoError(t, err)
		require.Empty(t, honest(t, testKey(t, false), id, statement(id, 0, 2)).solve(t))
	}
}

func TestAttack24SelectorsThatAreNotBits(t *testing.T) {
	k := testKey(t, false)
	id := proof.NewIdentity()
	for level := range testDepth {
		for _, value := range []fr.Element{fr.NewElement(2), *new(fr.Element).SetInt64(-1), *new(fr.Element).MustSetRandom()} {
			in := honest(t, k, id, statement(id, 0, testDepth))
			in.wires[in.right+level] = value
			in.setRoot()
			require.Equal(t, []int{in.boolean(t, in.right+level)}, lies(t, in))
		}
	}
}

func TestAttack24LengthsThatAreNotOneBit(t *testing.T) {
	k := testKey(t, false)
	id := proof.NewIdentity()
	set := func(in inputs, lengths map[int]int64) {
		for i := range testDepth + 1 {
			in.wires[in.length+i].SetInt64(lengths[i])
		}
		in.setRoot()
	}

	// Multiples that add up to 1: a root that is a combination of nodes.
	in := honest(t, k, id, statement(id, 0, testDepth))
	set(in, map[int]int64{1: 3, 4: -2})
	want := []int{in.boolean(t, in.length+1), in.boolean(t, in.length+4)}
	slices.Sort(want)
	require.Equal(t, want, lies(t, in))

	// Two lengths.
	all := make([]int, testDepth+1)
	for i := range all {
		all[i] = in.length + i
	}
	total := in.rows(t, func(l, r, o []int) bool {
		return slices.Equal(l, all) && slices.Equal(r, []int{0}) && slices.Equal(o, []int{0})
	})
	require.Len(t, total, 1)
	set(in, map[int]int64{1: 1, 3: 1})
	require.Equal(t, total, lies(t, in))

	// None: root 0, which the inverse refuses as well.
	set(in, nil)
	require.True(t, in.wires[in.root].IsZero())
	nonzero := in.rows(t, func(l, r, o []int) bool {
		return len(o) == 1 && o[0] == 0 && (slices.Equal(l, []int{in.root}) || slices.Equal(r, []int{in.root}))
	})
	require.Len(t, nonzero, 1)
	want = append(total, nonzero...)
	slices.Sort(want)
	require.Equal(t, want, lies(t, in))
}

func TestAttack24RootZero(t *testing.T) {
	k := testKey(t, false)
	id := proof.NewIdentity()
	in := honest(t, k, id, statement(id, 0, testDepth))
	// Lengths a and 1-a with a node_0 + (1-a) node_1 = 0.
	nodes := make([]fr.Element, 2)
	for i := range nodes {
		for j := range testDepth + 1 {
			in.wires[in.length+j].SetZero()
		}
		in.wires[in.length+i].SetOne()
		in.setRoot()
		nodes[i] = in.wires[in.root]
	}
	in.wires[in.length].Sub(&nodes[1], &nodes[0])
	in.wires[in.length].Div(&nodes[1], &in.wires[in.length])
	one := fr.One()
	in.wires[in.length+1].Sub(&one, &in.wires[in.length])
	in.setRoot()
	require.True(t, in.wires[in.root].IsZero())
	failing := lies(t, in)
	require.Len(t, failing, 3)
	require.Contains(t, failing, in.boolean(t, in.length))
	require.Contains(t, failing, in.boolean(t, in.length+1))
	require.Contains(t, failing, in.rows(t, func(l, r, o []int) bool {
		return len(o) == 1 && o[0] == 0 && (slices.Equal(l, []int{in.root}) || slices.Equal(r, []int{in.root}))
	})[0])
}

func TestAttack24PathLongerThanTheDepth(t *testing.T) {
	k := testKey(t, false)
	id := proof.NewIdentity()
	st := statement(id, 0, testDepth+1)
	_, err := k.Prove(t.Context(), id, st)
	require.ErrorIs(t, err, proof.ErrInvalid)
	require.ErrorContains(t, err, "5 siblings")

	// The circuit has no place for the last sibling: the root above it is out of reach.
	root, err := st.Path.Root()
	require.NoError(t, err)
	st.Path.Siblings = st.Path.Siblings[:testDepth]
	st.Path.Index &= 1<<testDepth - 1
	in := honest(t, k, id, st)
	require.NoError(t, in.wires[in.root].SetBytesCanonical(root[:]))
	require.Equal(t, []int{in.equality(t, in.root)}, lies(t, in))
}

func TestNonMemberCannotBeProved(t *testing.T) {
	k := testKey(t, false)
	id := proof.NewIdentity()
	in := honest(t, k, id, statement(id, 0, 3))
	root, err := pathOf(proof.NewIdentity(), 0, 3).Root()
	require.NoError(t, err)
	require.NoError(t, in.wires[in.root].SetBytesCanonical(root[:]))
	require.Equal(t, []int{in.equality(t, in.root)}, lies(t, in))
}

// TestAttack25: s and s + q have the same public key, so the same leaf; the second nullifier must not
// be provable.
func TestAttack25TwoScalarsWithOnePublicKey(t *testing.T) {
	k := testKey(t, false)
	id := smallIdentity(t)
	in := honest(t, k, id, statement(id, 0, 2))
	root, nullifier := in.wires[in.root], in.wires[in.nullifier]

	q, _ := new(big.Int).SetString(subgroupOrder, 10)
	secret := id.Bytes()
	alias := new(big.Int).Add(new(big.Int).SetBytes(secret[:]), q)
	require.LessOrEqual(t, alias.BitLen(), scalarBits)
	in.wires[in.secret].SetBigInt(alias)
	for i := range scalarBits {
		in.wires[in.bits+i].SetUint64(uint64(alias.Bit(i)))
	}
	in.setNullifier()
	in.setRoot()
	require.Equal(t, root, in.wires[in.root], "the same leaf")
	require.NotEqual(t, nullifier, in.wires[in.nullifier])

	// What fails are rows bit (1 - p - bit) = 0, of bits where q-1 has 0 and the alias 1.
	failing := lies(t, in)
	require.NotEmpty(t, failing)
	sides := in.sides()
	for _, n := range failing {
		r, o := sides[n][1], sides[n][2]
		require.Empty(t, o)
		require.Len(t, r, 1)
		bit := r[0] - in.bits
		require.True(t, 0 <= bit && bit < scalarBits)
		require.Zero(t, q.Bit(bit))
		require.EqualValues(t, 1, alias.Bit(bit))
	}

	// The scalar q itself, whose public key is the identity, and the largest number of 251 bits.
	for _, v := range []*big.Int{q, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), scalarBits), big.NewInt(1))} {
		in.wires[in.secret].SetBigInt(v)
		for i := range scalarBits {
			in.wires[in.bits+i].SetUint64(uint64(v.Bit(i)))
		}
		in.setNullifier()
		in.setRoot()
		require.NotEmpty(t, lies(t, in))
	}
}

func TestBitsOfTheScalarAreBits(t *testing.T) {
	// 2 in one place for 1 in the next is the same sum; the point differs, but that is not what must
	// stop it. Every bit is constrained by a row of its own.
	in := layout(testKey(t, false))
	constrained := map[int]bool{}
	for _, side := range in.sides() {
		l, r, o := side[0], side[1], side[2]
		if len(r) == 1 && slices.Contains(l, r[0]) && len(o) == 0 && slices.Contains(l, 0) {
			constrained[r[0]] = true
		}
		if len(l) == 1 && slices.Contains(r, l[0]) && len(o) == 0 && slices.Contains(r, 0) {
			constrained[l[0]] = true
		}
	}
	for i := range scalarBits {
		require.True(t, constrained[in.bits+i], "bit %d", i)
	}

	id := smallIdentity(t)
	honestInputs := honest(t, testKey(t, false), id, statement(id, 0, 1))
	for _, i := range []int{0, 1, 100, 249, 250} {
		in := honestInputs
		in.wires = slices.Clone(in.wires)
		in.wires[in.bits+i].SetUint64(2)
		failing := lies(t, in)
		sides := in.sides()
		require.True(t, slices.ContainsFunc(failing, func(n int) bool {
			return len(sides[n][2]) == 0 && slices.Contains(append(sides[n][0], sides[n][1]...), in.bits+i)
		}), "bit %d", i)
	}
}

// No denominator of the addition law is zero on a curve with these.
func TestAdditionLawIsComplete(t *testing.T) {
	a, d := fr.NewElement(curveA), fr.NewElement(curveD)
	require.Equal(t, 1, a.Legendre(), "a is a square")
	require.Equal(t, -1, d.Legendre(), "d is not")
}

func TestNullifierOfAnotherScalar(t *testing.T) {
	k := testKey(t, false)
	id := proof.NewIdentity()
	in := honest(t, k, id, statement(id, 0, 2))
	other := in
	other.wires = slices.Clone(in.wires)

	// Another nullifier.
	in.wires[in.nullifier].MustSetRandom()
	require.Equal(t, []int{in.equality(t, in.nullifier)}, lies(t, in))

	// The nullifier of another secret than that of the bits.
	one := fr.One()
	other.wires[in.secret].Add(&other.wires[in.secret], &one)
	other.setNullifier()
	require.Equal(t, []int{in.equality(t, in.secret)}, lies(t, other))

	// The nullifier in another scope.
	third := honest(t, k, id, statement(id, 0, 2))
	third.wires[third.scope].MustSetRandom()
	require.Equal(t, []int{in.equality(t, in.nullifier)}, lies(t, third))
}

func TestWeightOfTheLeaf(t *testing.T) {
	k := testKey(t, true)
	id := proof.NewIdentity()
	in := honest(t, k, id, statement(id, 70, 2))
	for _, weight := range []uint64{0, 1, 69, 71, 1<<40 - 1} {
		in.wires[in.weight].SetUint64(weight)
		require.Equal(t, []int{in.equality(t, in.root)}, lies(t, in), "weight %d", weight)
	}
	// An unweighted leaf is no leaf of the weighted census.
	st := statement(id, 0, 2)
	root, err := st.Path.Root()
	require.NoError(t, err)
	in.wires[in.weight].SetUint64(70)
	require.NoError(t, in.wires[in.root].SetBytesCanonical(root[:]))
	require.Equal(t, []int{in.equality(t, in.root)}, lies(t, in))
}

// extended returns the path that starts one level below the end of another: the node of id and sibling, id
// on the left, stands in the place of the other's leaf.
func extended(p census.Path, id *proof.Identity, weight uint64, sibling fr.Element) census.Path {
	return census.Path{
		Commitment: id.Commitment(),
		Weight:     weight,
		Index:      p.Index << 1,
		Siblings:   append([]census.Node{sibling.Bytes()}, p.Siblings...),
	}
}

func element(t *testing.T, b [32]byte) (e fr.Element) {
	t.Helper()
	require.NoError(t, e.SetBytesCanonical(b[:]))
	return e
}

// A voter registers, in the place of a commitment, the hash of her own and of a weight that she picks. If the
// leaf were the hash of that and of her weight w, it would be a node over a leaf that has the weight she
// picked, and w its sibling.
func TestAttack47WeightPickedByTheVoter(t *testing.T) {
	k := testKey(t, true)
	id := proof.NewIdentity()
	const w, picked = 1, 1 << 39
	for _, inner := range []fr.Element{
		poseidon.Hash(element(t, id.Commitment()), fr.NewElement(picked)),
		poseidon.Hash(element(t, id.Commitment()), fr.NewElement(picked), fr.Element{}),
	} {
		registered := pathOf(id, w, 2)
		registered.Commitment = inner.Bytes()
		root, err := registered.Root()
		require.NoError(t, err)

		st := statement(id, picked, 0)
		st.Path = extended(registered, id, picked, fr.NewElement(w))
		m, err := k.Prove(t.Context(), id, st)
		require.NoError(t, err)
		require.NotEqual(t, root, m.Root, "of another census")
		in := honest(t, k, id, st)
		in.wires[in.root] = element(t, root)
		require.Equal(t, []int{in.equality(t, in.root)}, lies(t, in))
	}
}

// In the unweighted relation, which is Semaphore's, the leaf is whatever was registered, and a path may have
// any length: the relation holds for both identities whose node was registered as one commitment. That is
// why commitments are registered with a proof of knowledge (proof.CheckRegistration).
func TestAttack48UnweightedRelationGoesBelowARegisteredNode(t *testing.T) {
	k := testKey(t, false)
	id, other := proof.NewIdentity(), proof.NewIdentity()
	inner := poseidon.Hash(element(t, id.Commitment()), element(t, other.Commitment()))
	registered := pathOf(id, 0, 2)
	registered.Commitment = inner.Bytes()
	root, err := registered.Root()
	require.NoError(t, err)
	st := statement(id, 0, 0)
	st.Path = extended(registered, id, 0, element(t, other.Commitment()))
	m, err := k.Prove(t.Context(), id, st)
	require.NoError(t, err)
	require.Equal(t, root, m.Root)
}

// Within the circuit the message is free; what binds it to a proof is that it is a public input in a row.
func TestMessageIsInARow(t *testing.T) {
	in := layout(testKey(t, false))
	square := in.rows(t, func(l, r, _ []int) bool {
		return slices.Equal(l, []int{in.message}) && slices.Equal(r, []int{in.message})
	})
	require.Len(t, square, 1)
}

func TestCircuitTakesSemaphoresStatements(t *testing.T) {
	k := testKey(t, false)
	for _, st := range semaphoreStatements(t) {
		in := honest(t, k, st.id, st.Statement)
		require.Equal(t, st.root, in.wires[in.root].String())
		require.Equal(t, st.nullifier, in.wires[in.nullifier].String())
		require.Empty(t, in.solve(t))
	}
}
