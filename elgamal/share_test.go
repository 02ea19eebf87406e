package elgamal_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
)

func open(t *testing.T, threshold int, shares map[int]*elgamal.Share, sums []elgamal.Ciphertext) []uint64 {
	t.Helper()
	points, err := elgamal.Combine(threshold, shares, sums)
	require.NoError(t, err)
	require.Len(t, points, len(sums))
	lt := logTable(t, 1<<20)
	totals := make([]uint64, len(points))
	for k := range points {
		totals[k], err = lt.Solve(t.Context(), &points[k])
		require.NoError(t, err, "sum %d", k)
	}
	return totals
}

// Every set of at least t trustees opens the same totals.
func TestEverySetOfTrusteesOpens(t *testing.T) {
	const n = 4
	plaintexts := []uint64{0, 1, 65_536, 1_048_575}
	for threshold := 1; threshold <= n; threshold++ {
		d := deal(t, threshold, n)
		sums := d.encrypt(plaintexts...)
		all := map[int]*elgamal.Share{}
		for j := 1; j <= n; j++ {
			all[j] = d.share(t, j, sums)
		}
		for set := range 1 << n {
			shares := maps.Clone(all)
			maps.DeleteFunc(shares, func(j int, _ *elgamal.Share) bool { return set>>(j-1)&1 == 0 })
			if len(shares) < threshold {
				_, err := elgamal.Combine(threshold, shares, sums)
				require.ErrorIs(t, err, elgamal.ErrInvalid)
				continue
			}
			require.Equal(t, plaintexts, open(t, threshold, shares, sums), "trustees %v", slices.Sorted(maps.Keys(shares)))
		}
	}
}

func TestWeightedSumsOpen(t *testing.T) {
	d := deal(t, 2, 3)
	sum := elgamal.NewCiphertext()
	for _, v := range []struct{ m, weight uint64 }{{1, 5}, {0, 7}, {1, 300}, {1, 1}} {
		c := d.key.Encrypt(v.m, randomScalar())
		c.MulUint64(v.weight, &c)
		sum.Add(&sum, &c)
	}
	sum.MulByCofactor(&sum)
	sums := []elgamal.Ciphertext{sum}
	require.Equal(t, []uint64{306}, open(t, 2, map[int]*elgamal.Share{1: d.share(t, 1, sums), 3: d.share(t, 3, sums)}, sums))
}

func TestEmptyElectionOpensToZeros(t *testing.T) {
	d := deal(t, 2, 3)
	sums := []elgamal.Ciphertext{elgamal.NewCiphertext(), elgamal.NewCiphertext()}
	for k := range sums {
		sums[k].MulByCofactor(&sums[k])
	}
	shares := map[int]*elgamal.Share{1: d.share(t, 1, sums), 2: d.share(t, 2, sums)}
	require.True(t, shares[1].D[0].IsIdentity())
	require.Equal(t, []uint64{0, 0}, open(t, 2, shares, sums))

	// One identity among others.
	sums = append(d.encrypt(5), sums[0])
	shares = map[int]*elgamal.Share{3: d.share(t, 3, sums), 2: d.share(t, 2, sums)}
	require.Equal(t, []uint64{5, 0}, open(t, 2, shares, sums))
}

func TestAttack16ThresholdOffByOne(t *testing.T) {
	d := deal(t, 3, 5)
	sums := d.encrypt(9)
	one, two, three := d.share(t, 1, sums), d.share(t, 2, sums), d.share(t, 3, sums)

	_, err := elgamal.Combine(3, map[int]*elgamal.Share{1: one, 2: two}, sums)
	require.ErrorIs(t, err, elgamal.ErrInvalid)
	require.ErrorContains(t, err, "2 shares, 3 needed")
	require.Equal(t, []uint64{9}, open(t, 3, map[int]*elgamal.Share{1: one, 2: two, 3: three}, sums))

	// A threshold that is too low gives other points, not the plaintext.
	points, err := elgamal.Combine(2, map[int]*elgamal.Share{1: one, 2: two}, sums)
	require.NoError(t, err)
	_, err = logTable(t, 1<<20).Solve(t.Context(), &points[0])
	require.ErrorIs(t, err, elgamal.ErrOutOfRange)

	for name, c := range map[string]struct {
		threshold int
		shares    map[int]*elgamal.Share
	}{
		"index 0":            {3, map[int]*elgamal.Share{0: three, 1: one, 2: two}},
		"index 0, too many":  {3, map[int]*elgamal.Share{0: three, 1: one, 2: two, 3: three}},
		"negative index":     {3, map[int]*elgamal.Share{-1: three, 1: one, 2: two}},
		"missing share":      {3, map[int]*elgamal.Share{1: one, 2: two, 3: nil}},
		"of fewer sums":      {3, map[int]*elgamal.Share{1: one, 2: two, 3: {Proof: three.Proof}}},
		"of more sums":       {3, map[int]*elgamal.Share{1: one, 2: two, 3: {D: []babyjub.Point{*g, *g}, Proof: three.Proof}}},
		"surplus of no sums": {3, map[int]*elgamal.Share{1: one, 2: two, 3: three, 4: {Proof: three.Proof}}},
		"no shares":          {3, nil},
		"threshold 0":        {0, map[int]*elgamal.Share{1: one, 2: two, 3: three}},
		"threshold 0, none":  {0, nil},
		"negative threshold": {-1, map[int]*elgamal.Share{1: one, 2: two, 3: three}},
	} {
		_, err := elgamal.Combine(c.threshold, c.shares, sums)
		require.ErrorIs(t, err, elgamal.ErrInvalid, name)
	}
	_, err = elgamal.Combine(3, map[int]*elgamal.Share{1: one, 2: two, 3: three}, nil)
	require.ErrorIs(t, err, elgamal.ErrInvalid)
	_, err = elgamal.Combine(1, map[int]*elgamal.Share{1: {}}, nil)
	require.ErrorIs(t, err, elgamal.ErrInvalid, "nothing is not opened with success")
}

// t copies of one share are one share: each copy verifies under its owner's index alone, and they open nothing.
func TestAttack10OneTrusteeCountedTwice(t *testing.T) {
	d := deal(t, 3, 5)
	sums := d.encrypt(9)
	s := d.share(t, 2, sums)
	for j := 1; j <= 5; j++ {
		if j != 2 {
			require.ErrorIs(t, d.verify(s, j, sums), elgamal.ErrInvalid)
			require.ErrorIs(t, s.Verify(opening("e", 1, uint64(j)), d.keys[1], sums), elgamal.ErrInvalid, "its own key under index %d", j)
		}
	}
	points, err := elgamal.Combine(3, map[int]*elgamal.Share{1: s, 2: s, 3: s}, sums)
	require.NoError(t, err)
	_, err = logTable(t, 1<<20).Solve(t.Context(), &points[0])
	require.ErrorIs(t, err, elgamal.ErrOutOfRange)
}

func TestAttack09AlteredShares(t *testing.T) {
	d := deal(t, 2, 3)
	sums := d.encrypt(3, 1, 4, 1)
	good := d.share(t, 1, sums)
	other := d.share(t, 2, sums)
	later := d.share(t, 1, d.encrypt(3, 1, 4, 1))
	x := mul(randomScalar(), g)

	changes := map[string]func(*elgamal.Share){
		"two D exchanged":       func(s *elgamal.Share) { s.D[0], s.D[1] = s.D[1], s.D[0] },
		"D turned":              func(s *elgamal.Share) { s.D = append(s.D[1:], s.D[0]) },
		"one D missing":         func(s *elgamal.Share) { s.D = s.D[:3] },
		"one D more":            func(s *elgamal.Share) { s.D = append(s.D, *g) },
		"no D":                  func(s *elgamal.Share) { s.D = nil },
		"equal changes cancel":  func(s *elgamal.Share) { s.D[0].Add(&s.D[0], x); s.D[1].Sub(&s.D[1], x) },
		"another's D":           func(s *elgamal.Share) { s.D = slices.Clone(other.D) },
		"another's D, one":      func(s *elgamal.Share) { s.D[2] = other.D[2] },
		"another's proof":       func(s *elgamal.Share) { s.Proof = other.Proof },
		"another's share":       func(s *elgamal.Share) { *s = *other },
		"share of other sums":   func(s *elgamal.Share) { *s = *later },
		"proof for other sums":  func(s *elgamal.Share) { s.Proof = later.Proof },
		"commitments exchanged": func(s *elgamal.Share) { s.Proof.R1, s.Proof.R2 = s.Proof.R2, s.Proof.R1 },
		"R1 plus G":             func(s *elgamal.Share) { s.Proof.R1.Add(&s.Proof.R1, g) },
		"R2 plus G":             func(s *elgamal.Share) { s.Proof.R2.Add(&s.Proof.R2, g) },
		"R1 plus small order":   func(s *elgamal.Share) { s.Proof.R1.Add(&s.Proof.R1, &torsion()[0]) },
		"R2 plus small order":   func(s *elgamal.Share) { s.Proof.R2.Add(&s.Proof.R2, &torsion()[0]) },
		"z plus one":            func(s *elgamal.Share) { s.Proof.Z.Add(&s.Proof.Z, small(1)) },
	}
	for k := range sums {
		changes[fmt.Sprintf("D_%d plus G", k)] = func(s *elgamal.Share) { s.D[k].Add(&s.D[k], g) }
		changes[fmt.Sprintf("D_%d negated", k)] = func(s *elgamal.Share) { s.D[k].Neg(&s.D[k]) }
		changes[fmt.Sprintf("D_%d doubled", k)] = func(s *elgamal.Share) { s.D[k].Double(&s.D[k]) }
		changes[fmt.Sprintf("D_%d the identity", k)] = func(s *elgamal.Share) { s.D[k].SetIdentity() }
		changes[fmt.Sprintf("D_%d plus small order", k)] = func(s *elgamal.Share) { s.D[k].Add(&s.D[k], &torsion()[0]) }
	}
	for name, change := range changes {
		s := &elgamal.Share{D: slices.Clone(good.D), Proof: good.Proof}
		change(s)
		require.ErrorIs(t, d.verify(s, 1, sums), elgamal.ErrInvalid, name)
	}
	require.NoError(t, d.verify(good, 1, sums))
}

// A share holds for one election, checkpoint, trustee, key and list of sums.
func TestAttack09ReplayedShares(t *testing.T) {
	d := deal(t, 2, 3)
	sums := d.encrypt(3, 1, 4)
	s := d.share(t, 1, sums)
	y := d.keys[0]

	for name, tr := range map[string]*transcript.Transcript{
		"election":   opening("f", 1, 1),
		"checkpoint": opening("e", 2, 1),
		"trustee":    opening("e", 1, 2),
		"nothing":    transcript.New("elgamal test"),
	} {
		require.ErrorIs(t, s.Verify(tr, y, sums), elgamal.ErrInvalid, name)
	}
	require.ErrorIs(t, s.Verify(opening("e", 1, 1), d.keys[1], sums), elgamal.ErrInvalid)

	changed := func(change func([]elgamal.Ciphertext) []elgamal.Ciphertext) []elgamal.Ciphertext {
		return change(slices.Clone(sums))
	}
	for name, sums := range map[string][]elgamal.Ciphertext{
		"A of one":  changed(func(c []elgamal.Ciphertext) []elgamal.Ciphertext { c[1].A.Add(&c[1].A, g); return c }),
		"B of one":  changed(func(c []elgamal.Ciphertext) []elgamal.Ciphertext { c[1].B.Add(&c[1].B, g); return c }),
		"exchanged": changed(func(c []elgamal.Ciphertext) []elgamal.Ciphertext { c[0], c[1] = c[1], c[0]; return c }),
		"fewer":     sums[:2],
		"more":      append(slices.Clone(sums), sums[0]),
		"none":      nil,
	} {
		require.ErrorIs(t, s.Verify(opening("e", 1, 1), y, sums), elgamal.ErrInvalid, name)
	}
	// The same pairs in another order, D with them, are another statement.
	turned := &elgamal.Share{D: []babyjub.Point{s.D[1], s.D[0], s.D[2]}, Proof: s.Proof}
	require.ErrorIs(t, turned.Verify(opening("e", 1, 1), y, []elgamal.Ciphertext{sums[1], sums[0], sums[2]}), elgamal.ErrInvalid)
	// So is a subset, D with it: one question alone.
	part := &elgamal.Share{D: s.D[:1], Proof: s.Proof}
	require.ErrorIs(t, part.Verify(opening("e", 1, 1), y, sums[:1]), elgamal.ErrInvalid)
	// And a proof made for no sums at all is none.
	empty, _ := prove(opening("e", 1, 1), d.secrets[0], y, nil, nil)
	require.ErrorIs(t, empty.Verify(opening("e", 1, 1), y, nil), elgamal.ErrInvalid)
}

// prove follows docs/spec/elgamal.md for any D, and says which weights it drew.
func prove(t *transcript.Transcript, x *babyjub.Scalar, y *babyjub.Point, sums []elgamal.Ciphertext, d []babyjub.Point) (*elgamal.Share, []babyjub.Scalar) {
	absorb := func(label string, p *babyjub.Point) {
		b := p.Bytes()
		t.Absorb(label, b[:])
	}
	t.AbsorbUint64("sums", uint64(len(sums)))
	absorb("key", y)
	for k := range sums {
		absorb("a", &sums[k].A)
		absorb("b", &sums[k].B)
		absorb("d", &d[k])
	}
	drawn := t.Challenge("weights", 64*len(sums))
	a, w := babyjub.NewIdentity(), babyjub.NewIdentity()
	var weights []babyjub.Scalar
	for k := range sums {
		e := new(babyjub.Scalar).SetUniformBytes(drawn[64*k : 64*k+64])
		a.Add(a, mul(e, &sums[k].A))
		w.Add(w, mul(e, &d[k]))
		weights = append(weights, *e)
	}
	return &elgamal.Share{D: d, Proof: sigma.ProveEqual(t, x, a, y, w)}, weights
}

// trueD returns x A' of every sum.
func trueD(x *babyjub.Scalar, sums []elgamal.Ciphertext) []babyjub.Point {
	var d []babyjub.Point
	for k := range sums {
		d = append(d, *mul(x, &sums[k].A))
	}
	return d
}

func TestShareFollowsTheSpecification(t *testing.T) {
	d := deal(t, 2, 3)
	sums := append(d.encrypt(3, 1, 4), elgamal.NewCiphertext())
	s, _ := prove(opening("e", 1, 2), d.secrets[1], d.keys[1], sums, trueD(d.secrets[1], sums))
	require.NoError(t, d.verify(s, 2, sums))
	own := d.share(t, 2, sums)
	for k := range sums {
		require.True(t, own.D[k].Equal(&s.D[k]))
	}
}

// A dishonest trustee that follows every step with wrong D fails; so does one that fits its error to the weights
// drawn for other D.
func TestAttack09DishonestProver(t *testing.T) {
	d := deal(t, 2, 3)
	x, y := d.secrets[0], d.keys[0]
	sums := d.encrypt(3, 1, 4)
	z := mul(randomScalar(), g)

	wrong := trueD(x, sums)
	wrong[2].Add(&wrong[2], g)
	s, _ := prove(opening("e", 1, 1), x, y, sums, wrong)
	require.ErrorIs(t, d.verify(s, 1, sums), sigma.ErrInvalid)

	wrong = trueD(x, sums)
	wrong[0].Add(&wrong[0], z)
	wrong[1].Sub(&wrong[1], z)
	s, _ = prove(opening("e", 1, 1), x, y, sums, wrong)
	require.ErrorIs(t, d.verify(s, 1, sums), sigma.ErrInvalid, "weights that are all equal would accept this")

	s, e := prove(opening("e", 1, 1), x, y, sums, trueD(x, sums))
	s.D[0].Add(&s.D[0], mul(&e[1], z)) // e_0 (e_1 Z) - e_1 (e_0 Z) = 0
	s.D[1].Sub(&s.D[1], mul(&e[0], z))
	require.ErrorIs(t, d.verify(s, 1, sums), sigma.ErrInvalid, "weights that leave D out would accept this")

	own, err := elgamal.NewShare(opening("e", 1, 1), x, y, sums)
	require.NoError(t, err)
	other := randomScalar() // another key, for the same verification key
	s, _ = prove(opening("e", 1, 1), other, y, sums, trueD(other, sums))
	require.ErrorIs(t, d.verify(s, 1, sums), sigma.ErrInvalid)
	require.NoError(t, d.verify(own, 1, sums))
}

// Components of small order, which the proof's equations do not see, are refused in D and in Y.
func TestAttack04SharesOutsideTheSubgroup(t *testing.T) {
	d := deal(t, 2, 3)
	x, y := d.secrets[0], d.keys[0]
	sums := d.encrypt(3, 1, 4)
	for i, s := range torsion() {
		for k := range sums {
			wrong := trueD(x, sums)
			wrong[k].Add(&wrong[k], &s)
			share, _ := prove(opening("e", 1, 1), x, y, sums, wrong)
			err := d.verify(share, 1, sums)
			require.ErrorIs(t, err, elgamal.ErrInvalid, "D_%d + torsion %d", k, i+1)
			require.ErrorIs(t, err, babyjub.ErrSubgroup)
			require.ErrorContains(t, err, fmt.Sprintf("sum %d", k))
		}
		yt := add(y, &s)
		share, _ := prove(opening("e", 1, 1), x, yt, sums, trueD(x, sums))
		err := share.Verify(opening("e", 1, 1), yt, sums)
		require.ErrorIs(t, err, elgamal.ErrInvalid, "Y + torsion %d", i+1)
		require.ErrorIs(t, err, babyjub.ErrSubgroup)

		_, err = elgamal.NewShare(opening("e", 1, 1), x, yt, sums)
		require.ErrorIs(t, err, elgamal.ErrInvalid)
	}
}

func TestSharesUnderTheIdentityAreRefused(t *testing.T) {
	zero, o := small(0), babyjub.NewIdentity()
	sums := []elgamal.Ciphertext{elgamal.NewCiphertext()}
	s, _ := prove(opening("e", 1, 1), zero, o, sums, trueD(zero, sums))
	err := s.Verify(opening("e", 1, 1), o, sums)
	require.ErrorIs(t, err, elgamal.ErrInvalid)
	require.ErrorIs(t, err, babyjub.ErrSubgroup)
	_, err = elgamal.NewShare(opening("e", 1, 1), zero, o, sums)
	require.ErrorIs(t, err, elgamal.ErrInvalid)
}

// D is the identity exactly where A' is.
func TestIdentityOnOneSideIsRefused(t *testing.T) {
	d := deal(t, 2, 3)
	x, y := d.secrets[0], d.keys[0]
	sums := append(d.encrypt(3), elgamal.NewCiphertext())
	for k, p := range []*babyjub.Point{babyjub.NewIdentity(), g} {
		wrong := trueD(x, sums)
		wrong[k] = *p
		s, _ := prove(opening("e", 1, 1), x, y, sums, wrong)
		err := d.verify(s, 1, sums)
		require.ErrorIs(t, err, elgamal.ErrInvalid)
		require.ErrorContains(t, err, fmt.Sprintf("sum %d: only one of A' and D is the identity", k))
	}
}

// x A' of an A' that is not cofactored would tell x modulo 8.
func TestNewShareRefusesWhatItMustNotOpen(t *testing.T) {
	d := deal(t, 2, 3)
	x, y := d.secrets[0], d.keys[0]
	sums := d.encrypt(3, 1)
	for i, s := range torsion() {
		for k := range sums {
			bad := slices.Clone(sums)
			bad[k].A.Add(&bad[k].A, &s)
			_, err := elgamal.NewShare(opening("e", 1, 1), x, y, bad)
			require.ErrorIs(t, err, elgamal.ErrInvalid, "A of %d + torsion %d", k, i+1)
			require.ErrorIs(t, err, babyjub.ErrSubgroup)
			bad = slices.Clone(sums)
			bad[k].B.Add(&bad[k].B, &s)
			_, err = elgamal.NewShare(opening("e", 1, 1), x, y, bad)
			require.ErrorIs(t, err, elgamal.ErrInvalid, "B of %d + torsion %d", k, i+1)
			require.ErrorIs(t, err, babyjub.ErrSubgroup)
		}
	}
	_, err := elgamal.NewShare(opening("e", 1, 1), x, d.keys[1], sums)
	require.ErrorIs(t, err, elgamal.ErrInvalid, "another trustee's verification key")
	_, err = elgamal.NewShare(opening("e", 1, 1), x, y, nil)
	require.ErrorIs(t, err, elgamal.ErrInvalid, "no sums")
}

func TestShareRoundTrip(t *testing.T) {
	d := deal(t, 2, 3)
	for _, sums := range [][]elgamal.Ciphertext{d.encrypt(3), append(d.encrypt(1, 2), elgamal.NewCiphertext())} {
		s := d.share(t, 1, sums)
		b := s.Bytes()
		require.Len(t, b, 4+64*len(sums)+160)
		var got elgamal.Share
		require.NoError(t, got.SetBytes(b))
		require.Equal(t, b, got.Bytes())
		require.NoError(t, d.verify(&got, 1, sums))
	}
}

func TestAttack27ShareEncodings(t *testing.T) {
	d := deal(t, 2, 3)
	sums := d.encrypt(3, 1)
	s := d.share(t, 1, sums)
	good := s.Bytes()
	bad := slices.Concat(otherLengths(good), misspelled(good, 4, 68, 132, 196))
	bad = append(bad, raised(good, 4+256, groupOrder))
	for _, n := range []uint32{0, 1, 3, 1<<32 - 1} { // no length is believed
		b := slices.Clone(good)
		binary.BigEndian.PutUint32(b, n)
		bad = append(bad, b)
	}
	none := slices.Concat([]byte{0, 0, 0, 0}, good[4+128:])
	bad = append(bad, none)
	for _, b := range bad {
		got := *s
		require.ErrorIs(t, got.SetBytes(b), elgamal.ErrMalformed, "%x", b)
		require.Equal(t, good, got.Bytes(), "unchanged on error")
	}
}

func FuzzShare(f *testing.F) {
	d := deal(f, 1, 1)
	sums := d.encrypt(1, 0)
	f.Add(d.share(f, 1, sums).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		var s elgamal.Share
		if s.SetBytes(b) == nil {
			require.Equal(t, b, s.Bytes())
			if d.verify(&s, 1, sums) == nil {
				require.True(t, s.D[0].Equal(mul(d.secrets[0], &sums[0].A)))
			}
		}
	})
}

const benchmarkSums = 20

func BenchmarkNewShare20(b *testing.B) {
	d := deal(b, 2, 3)
	sums := d.encrypt(make([]uint64, benchmarkSums)...)
	for b.Loop() {
		if _, err := elgamal.NewShare(opening("e", 1, 1), d.secrets[0], d.keys[0], sums); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkShareVerify20(b *testing.B) {
	d := deal(b, 2, 3)
	sums := d.encrypt(make([]uint64, benchmarkSums)...)
	s := d.share(b, 1, sums)
	for b.Loop() {
		if err := d.verify(s, 1, sums); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCombine20(b *testing.B) {
	d := deal(b, 3, 5)
	sums := d.encrypt(make([]uint64, benchmarkSums)...)
	shares := map[int]*elgamal.Share{1: d.share(b, 1, sums), 4: d.share(b, 4, sums), 5: d.share(b, 5, sums)}
	for b.Loop() {
		if _, err := elgamal.Combine(3, shares, sums); err != nil {
			b.Fatal(err)
		}
	}
}
