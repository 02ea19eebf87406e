package tally

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
	shamir "go.dedis.ch/kyber/v3/share"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
	"github.com/scrutin/scrutin/internal/kybergroup"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
)

// Offsets in the body of a deal of threshold t.
const commitmentsAt = 1

func proofAt(t int) int   { return commitmentsAt + 64*t }
func partAt(t, i int) int { return proofAt(t) + sigma.ProofSize + (i-1)*dealPartSize }

// honestDeal returns the body that dealer would deal.
func (r *run) honestDeal(dealer int) []byte { return r.trustees[dealer].deal(r.c, dealer) }

// edit is a body of an act: the honest deal with a change.
func edit(dealer int, change func(r *run, body []byte) []byte) func(*run) []byte {
	return func(r *run) []byte { return change(r, r.honestDeal(dealer)) }
}

// put overwrites bytes.
func put(at int, b []byte) func(*run, []byte) []byte {
	return func(_ *run, body []byte) []byte {
		copy(body[at:], b)
		return body
	}
}

// badPoints are encodings that no ceremony takes for a point, each with the honest point p.
func badPoints(p []byte) map[string][]byte {
	var honest babyjub.Point
	if err := honest.SetBytes(p); err != nil {
		panic(err)
	}
	identity := babyjub.NewIdentity().Bytes()
	bad := map[string][]byte{"identity": identity[:], "zero bytes": make([]byte, 64)}
	for i, torsion := range babyjubtest.Torsion()[1:] {
		alone := torsion.Bytes()
		bad[fmt.Sprintf("small order %d", i+1)] = alone[:]
		sum := new(babyjub.Point).Add(&honest, &torsion).Bytes()
		bad[fmt.Sprintf("P plus torsion %d", i+1)] = sum[:]
	}
	off := bytes.Clone(p)
	off[63] ^= 1
	bad["off the curve"] = off
	field, _ := new(big.Int).SetString("21888242871839275222246405745257275088548364400416034343698204186575808495617", 10)
	x := new(big.Int).SetBytes(p[:32])
	x.Add(x, field)
	if x.BitLen() <= 256 {
		aliased := bytes.Clone(p)
		x.FillBytes(aliased[:32])
		bad["coordinate plus p"] = aliased
	}
	return bad
}

// survives plays on with one trustee out and wants a key of the others.
func (r *run) survives(culprit int) Finding {
	r.t.Helper()
	r.play()
	st := r.c.Status()
	require.True(r.t, st.Done, "%+v", st)
	found := r.disqualified(culprit)
	require.NotContains(r.t, r.c.now().key.qualified, culprit)
	require.Len(r.t, r.c.now().key.qualified, len(r.trustees)-2)
	// Her index stays: a share of it opens with the others.
	h, err := r.c.PublicKey()
	require.NoError(r.t, err)
	require.Equal(r.t, h.Bytes(), recoverKey(r.t, r, 3, 1, culprit, 5))
	require.Equal(r.t, h.Bytes(), recoverKey(r.t, r, 3, 1, 3, 4))
	r.requireOrderless()
	return found
}

func TestAttack04PointsOfADeal(t *testing.T) {
	r := newFilelessRun(t, 5, 3)
	body := r.honestDeal(2)
	check := func(body []byte) error {
		_, err := parseDeal(r.c.id, &r.c.roster, r.c.keys, 2, body)
		return err
	}
	require.NoError(t, check(body))
	for _, at := range []int{commitmentsAt, commitmentsAt + 64, commitmentsAt + 128, partAt(3, 1), partAt(3, 2), partAt(3, 5)} {
		for name, p := range badPoints(body[at : at+64]) {
			bad := bytes.Clone(body)
			copy(bad[at:], p)
			require.Error(t, check(bad), "%s at %d", name, at)
			if name != "off the curve" && name != "zero bytes" && name != "coordinate plus p" {
				require.ErrorIs(t, check(bad), babyjub.ErrSubgroup, "%s at %d", name, at)
			}
		}
	}
	order, _ := new(big.Int).SetString("2736030358979909402780800718157159386076813972158567259200215660948447373041", 10)
	for i := 1; i <= 5; i++ {
		at := partAt(3, i) + 64 + sigma.ProofSize
		s := new(big.Int).SetBytes(body[at : at+32])
		bad := bytes.Clone(body)
		s.Add(s, order).FillBytes(bad[at : at+32])
		require.ErrorIs(t, check(bad), babyjub.ErrEncoding)
	}
	// In a run the dealer is out.
	r.deals(2, edit(2, put(partAt(3, 4), badPoints(body[partAt(3, 4):][:64])["small order 3"])))
	require.Contains(t, r.survives(2).Reason, "ephemeral for trustee 4")
}

func TestAttack04KeysOfARoster(t *testing.T) {
	r := newFilelessRun(t, 3, 2)
	good := r.c.Roster()
	for name, p := range badPoints(good.Trustees[1].Key[:]) {
		bad := good.clone()
		bad.Trustees[1].Key = [64]byte(p)
		_, err := NewCeremony(bad)
		require.ErrorIs(t, err, ErrInvalid, name)
		require.ErrorContains(t, err, "key of trustee 2", name)
		bad = good.clone()
		bad.Organiser = [64]byte(p)
		_, err = NewCeremony(bad)
		require.ErrorIs(t, err, ErrInvalid, name)
		require.ErrorContains(t, err, "organiser's key", name)
	}
}

func TestAttack04PointOfAComplaint(t *testing.T) {
	r := newFilelessRun(t, 5, 3)
	r.playUntil(RoundVerdict)
	d := r.c.now().deals[2]
	good := encodeComplaint(r.c.id, 2, 4, &r.trustees[4].vault.x, &r.trustees[4].vault.y, &d.parts[3].ephemeral)
	_, err := parseComplaint(good)
	require.NoError(t, err)
	for name, p := range badPoints(good[:64]) {
		_, err := parseComplaint(append(p, good[64:]...))
		require.ErrorIs(t, err, ErrMalformed, name)
	}
	for _, at := range []int{64, 128, 192} { // R1, R2, z of its proof
		bad := bytes.Clone(good)
		copy(bad[at:], bytes.Repeat([]byte{0xff}, 32))
		_, err := parseComplaint(bad)
		require.ErrorIs(t, err, ErrMalformed)
	}
}

// A part that is not what the commitments promise: its recipient complains, anybody decides.
func TestAttack09WrongPartIsProvedByAComplaint(t *testing.T) {
	for name, change := range map[string]func(*run, []byte) []byte{
		"altered": func(_ *run, b []byte) []byte {
			b[partAt(3, 5)-1] ^= 1 // the last byte of the part of 4
			return b
		},
		"the part of another": func(r *run, b []byte) []byte {
			// f(1) in place of f(4), properly encrypted
			d, err := parseDeal(r.c.id, &r.c.roster, r.c.keys, 2, b)
			require.NoError(r.t, err)
			wrong := r.trustees[1].part(r.c, d, 2, 1)
			right := r.trustees[4].part(r.c, d, 2, 4)
			part := d.parts[3].masked
			part.Add(&part, wrong).Sub(&part, right)
			p := part.Bytes()
			copy(b[partAt(3, 5)-32:], p[:])
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFilelessRun(t, 5, 3)
			r.deals(2, edit(2, change))
			require.Equal(t, "trustee 2, verdict round: dealt a wrong part to trustee 4", r.survives(2).String())
			require.Empty(t, r.c.Status().Accusers)
		})
	}
}

func TestFalseAccuserIsNamedAndChangesNothing(t *testing.T) {
	honest := newFilelessRun(t, 5, 3)
	honest.playUntil(RoundVerdict)
	complain := func(r *run, about int, change func([]byte) []byte) []byte {
		var w wire.Writer
		for dealer := 1; dealer <= 5; dealer++ {
			if dealer != about {
				w.Uint8(verdictAccept)
				continue
			}
			v := r.trustees[4].vault
			w.Uint8(verdictComplaint)
			w.Raw(change(encodeComplaint(r.c.id, about, 4, &v.x, &v.y, &r.c.now().deals[about].parts[3].ephemeral)))
		}
		return w.Bytes()
	}
	for name, c := range map[string]struct {
		about  int
		change func([]byte) []byte
		reason string
	}{
		"good part":    {2, func(b []byte) []byte { return b }, "the part is the one that the commitments promise"},
		"herself":      {4, func(b []byte) []byte { return b }, "the part is the one that the commitments promise"},
		"wrong point":  {2, func(b []byte) []byte { g := babyjub.NewGenerator().Bytes(); return append(g[:], b[64:]...) }, "its proof"},
		"wrong proof":  {2, func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, "its proof"},
		"wrong proof1": {2, func(b []byte) []byte { g := babyjub.NewGenerator().Bytes(); copy(b[64:], g[:]); return b }, "its proof"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFilelessRun(t, 5, 3)
			r.act[seat{RoundVerdict, 4}] = says(4, func(r *run) []byte { return complain(r, c.about, c.change) })
			r.play()
			st := r.c.Status()
			require.True(t, st.Done)
			require.Empty(t, st.Disqualified)
			require.Len(t, st.Accusers, 1)
			require.Equal(t, 4, st.Accusers[0].Trustee)
			require.Contains(t, st.Accusers[0].Reason, fmt.Sprintf("false complaint about trustee %d", c.about))
			require.Contains(t, st.Accusers[0].Reason, c.reason)
			require.Len(t, r.c.now().key.qualified, 5)
			r.requireOrderless()
		})
	}
	// A proof by somebody else's key, or about another dealer or accuser, does not carry over.
	r := honest
	d := r.c.now().deals[2]
	for _, other := range []struct {
		dealer, accuser, key int
	}{{3, 4, 4}, {2, 5, 4}, {2, 4, 5}} {
		v := r.trustees[other.key].vault
		b := encodeComplaint(r.c.id, other.dealer, other.accuser, &v.x, &v.y, &d.parts[3].ephemeral)
		cp, err := parseComplaint(b)
		require.NoError(t, err)
		require.ErrorIs(t, cp.justified(r.c.id, d, 2, 4, &r.c.keys[4]), sigma.ErrInvalid, "%+v", other)
	}
	v := r.trustees[4].vault
	cp, err := parseComplaint(encodeComplaint([32]byte{1}, 2, 4, &v.x, &v.y, &d.parts[3].ephemeral))
	require.NoError(t, err)
	require.ErrorIs(t, cp.justified(r.c.id, d, 2, 4, &r.c.keys[4]), sigma.ErrInvalid, "another ceremony")
}

func TestRejectsMalformedVerdicts(t *testing.T) {
	accept := bytes.Repeat([]byte{verdictAccept}, 5)
	for name, body := range map[string][]byte{
		"empty":          {},
		"short":          accept[:4],
		"long":           append(bytes.Clone(accept), 1),
		"unknown kind":   {1, 1, 3, 1, 1},
		"no verdict":     {1, 1, 0, 1, 1},
		"half complaint": append(bytes.Clone(accept[:4]), append([]byte{verdictComplaint}, make([]byte, 100)...)...),
		"zero complaint": append(bytes.Clone(accept[:4]), append([]byte{verdictComplaint}, make([]byte, complaintSize)...)...),
	} {
		t.Run(name, func(t *testing.T) {
			r := newFilelessRun(t, 5, 3)
			r.act[seat{RoundVerdict, 3}] = says(3, func(*run) []byte { return body })
			found := r.survives(3)
			require.Equal(t, RoundVerdict, found.Round)
			require.Contains(t, found.Reason, "malformed")
		})
	}
	// A verdict on a deal that is out already.
	r := newFilelessRun(t, 7, 3)
	r.deals(2, edit(2, put(commitmentsAt, make([]byte, 64))))
	r.act[seat{RoundVerdict, 3}] = says(3, func(*run) []byte { return bytes.Repeat([]byte{verdictAccept}, 7) })
	r.play()
	st := r.c.Status()
	require.True(t, st.Done)
	require.Len(t, st.Disqualified, 2)
	require.Equal(t, "trustee 3, verdict round: verdict: malformed: kind 1 about trustee 2", st.Disqualified[1].String())
}

func TestAttack10OneTrusteeCountedTwice(t *testing.T) {
	r := newRun(t, 3, 2)
	roster := r.c.Roster()
	roster.Trustees[2].Key = roster.Trustees[0].Key
	_, err := NewCeremony(roster)
	require.ErrorContains(t, err, "the key of trustee 3 is that of trustee 1")
	roster.Trustees[2].Key = roster.Organiser
	_, err = NewCeremony(roster)
	require.ErrorContains(t, err, "the key of trustee 3 is that of the organiser")

	// The same signature many times is one signature.
	r.playUntil(RoundSign)
	m, err := r.trustees[1].Next(r.c)
	require.NoError(t, err)
	for range 3 {
		r.add(m...)
	}
	require.Equal(t, []int{2, 3}, r.c.Status().Awaited)
	require.False(t, r.c.Status().Done)
	// One trustee's message is not another's.
	forged := bytes.Clone(m[0])
	forged[34] = 2
	require.ErrorIs(t, r.c.Add(forged), ErrInvalid)
	// t copies of a share are one share.
	r.play()
	_, err = shamir.RecoverSecret(group, []*shamir.PriShare{
		{I: 0, V: kybergroup.FromScalar(r.share(1))}, {I: 0, V: kybergroup.FromScalar(r.share(1))},
	}, 2, 3)
	require.Error(t, err)
}

func TestAttack11DealThatWasNotCommittedTo(t *testing.T) {
	r := newFilelessRun(t, 5, 3)
	r.act[seat{RoundDeal, 5}] = says(5, func(r *run) []byte {
		// A proper deal, made after seeing everybody's: her next one, of another seed.
		tr := &Trustee{&vault{kind: "trustee", seed: [32]byte{1}}}
		return tr.deal(r.c, 5)
	})
	r.play()
	found := r.disqualified(5)
	require.Equal(t, RoundDeal, found.Round)
	require.Contains(t, found.Reason, "not the deal of the commit round")
	require.True(t, r.c.Status().Done)
	require.Equal(t, []int{1, 2, 3, 4}, r.c.now().key.qualified)
	r.requireOrderless()
	// The digest names ceremony and dealer: nobody commits to another's deal.
	body := r.honestDeal(1)
	require.NotEqual(t, commitDigest(r.c.id, 1, body), commitDigest(r.c.id, 2, body))
	require.NotEqual(t, commitDigest(r.c.id, 1, body), commitDigest([32]byte{}, 1, body))
}

func TestCopiedCommitment(t *testing.T) {
	r := newFilelessRun(t, 5, 3)
	r.act[seat{RoundCommit, 2}] = func(r *run) [][]byte { return [][]byte{r.say(2, r.c.slots[RoundCommit][1].first.body)} }
	r.act[seat{RoundDeal, 2}] = func(r *run) [][]byte { return [][]byte{r.say(2, r.c.slots[RoundDeal][1].first.body)} }
	require.Contains(t, r.survives(2).Reason, "not the deal of the commit round")
}

// dealOf is a complete deal of a polynomial of the caller's choice.
func (r *run) dealOf(dealer int, coefficients ...*babyjub.Scalar) []byte {
	var ks []kyber.Scalar
	for _, x := range coefficients {
		ks = append(ks, kybergroup.FromScalar(x))
	}
	d := dealing{shamir.CoefficientsToPriPoly(group, ks), scalars(transcript.New("test").Challenge("r", 64*len(r.c.roster.Trustees)))}
	return d.encode(r.c.id, dealer, r.c.keys)
}

func small(u uint64) *babyjub.Scalar { return new(babyjub.Scalar).SetUint64(u) }

func TestAttack12CommitmentVectorOfAnotherLength(t *testing.T) {
	for name, c := range map[string]struct {
		body   func(r *run) []byte
		reason string
	}{
		"t-1":                 {func(r *run) []byte { return r.dealOf(2, small(1), small(2)) }, "2 commitments, exactly 3 wanted"},
		"t+1":                 {func(r *run) []byte { return r.dealOf(2, small(1), small(2), small(3), small(4)) }, "4 commitments, exactly 3 wanted"},
		"one":                 {func(r *run) []byte { return r.dealOf(2, small(1)) }, "1 commitments, exactly 3 wanted"},
		"none":                {func(r *run) []byte { return []byte{0} }, "0 commitments, exactly 3 wanted"},
		"empty":               {func(r *run) []byte { return nil }, "malformed"},
		"identity on top":     {func(r *run) []byte { return r.dealOf(2, small(1), small(2), small(0)) }, "commitment C_2"},
		"identity in between": {func(r *run) []byte { return r.dealOf(2, small(1), small(0), small(3)) }, "commitment C_1"},
		"identity at 0":       {func(r *run) []byte { return r.dealOf(2, small(0), small(2), small(3)) }, "commitment C_0"},
		"t-1, called t": {func(r *run) []byte {
			b := r.dealOf(2, small(1), small(2))
			b[0] = 3
			return b
		}, "malformed"},
		"t+1, called t": {func(r *run) []byte {
			b := r.dealOf(2, small(1), small(2), small(3), small(4))
			b[0] = 3
			return b
		}, ""},
		"one byte more":  {edit(2, func(_ *run, b []byte) []byte { return append(b, 0) }), "malformed"},
		"one byte fewer": {edit(2, func(_ *run, b []byte) []byte { return b[:len(b)-1] }), "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFilelessRun(t, 5, 3)
			r.deals(2, c.body)
			found := r.survives(2)
			require.Equal(t, RoundDeal, found.Round)
			require.Contains(t, found.Reason, c.reason)
		})
	}
	r := newFilelessRun(t, 5, 3)
	r.deals(2, func(r *run) []byte { return r.dealOf(2, small(1), small(2), small(3)) })
	r.play()
	require.True(t, r.c.Status().Done)
	require.Empty(t, r.c.Status().Disqualified, "the deal of these tests is good but for their change")
}

func TestAttack13RogueKey(t *testing.T) {
	// C_0 = X - sum of the others' C_0: X would be the election key.
	rogue := func(r *run) []byte {
		c0 := new(babyjub.Point).ScalarBaseMul(small(77))
		for _, j := range []int{1, 2, 3, 4} {
			var other babyjub.Point
			require.NoError(t, other.SetBytes(r.honestDeal(j)[commitmentsAt:][:64]))
			c0.Sub(c0, &other)
		}
		b := c0.Bytes()
		return b[:]
	}
	t.Run("with her own proof", func(t *testing.T) {
		r := newFilelessRun(t, 5, 3)
		r.deals(5, edit(5, func(r *run, b []byte) []byte { return put(commitmentsAt, rogue(r))(r, b) }))
		r.play()
		require.Contains(t, r.disqualified(5).Reason, "proof of knowledge for C_0")
		require.True(t, r.c.Status().Done)
	})
	t.Run("with a replayed proof", func(t *testing.T) {
		r := newFilelessRun(t, 5, 3)
		r.deals(5, edit(5, func(r *run, b []byte) []byte {
			b = put(commitmentsAt, rogue(r))(r, b)
			return put(proofAt(3), r.honestDeal(1)[proofAt(3):][:sigma.ProofSize])(r, b)
		}))
		r.play()
		require.Contains(t, r.disqualified(5).Reason, "proof of knowledge for C_0")
		require.True(t, r.c.Status().Done)
	})
	t.Run("another's commitments and proof", func(t *testing.T) {
		r := newFilelessRun(t, 5, 3)
		r.deals(5, edit(5, func(r *run, b []byte) []byte {
			return put(commitmentsAt, r.honestDeal(1)[commitmentsAt:partAt(3, 1)])(r, b)
		}))
		r.play()
		require.Contains(t, r.disqualified(5).Reason, "proof of knowledge for C_0")
		require.True(t, r.c.Status().Done)
	})
	t.Run("enrolled with a replayed proof of possession", func(t *testing.T) {
		r := newFilelessRun(t, 5, 3)
		r.act[seat{RoundEnrol, 5}] = func(r *run) [][]byte { return [][]byte{r.say(5, r.c.slots[RoundEnrol][1].first.body)} }
		r.play()
		require.Contains(t, r.disqualified(5).Reason, "proof of possession")
		require.Equal(t, RoundEnrol, r.disqualified(5).Round)
		require.True(t, r.c.Status().Done)
	})
	t.Run("enrolled with a proof for another place or ceremony", func(t *testing.T) {
		for _, tr := range []func(*run) *transcript.Transcript{
			func(r *run) *transcript.Transcript { return enrolTranscript(r.c.id, 4) },
			func(r *run) *transcript.Transcript { return enrolTranscript([32]byte{1}, 5) },
		} {
			r := newFilelessRun(t, 5, 3)
			r.act[seat{RoundEnrol, 5}] = says(5, func(r *run) []byte {
				p := sigma.ProveDeterministic(tr(r), &r.trustees[5].vault.x, &r.trustees[5].vault.y)
				b := p.Bytes()
				return b[:]
			})
			r.play()
			require.Contains(t, r.disqualified(5).Reason, "proof of possession")
			require.True(t, r.c.Status().Done)
		}
	})
	t.Run("a proof of a deal in another ceremony", func(t *testing.T) {
		r, other := newFilelessRun(t, 5, 3), newFilelessRun(t, 5, 3)
		r.deals(5, func(r *run) []byte {
			d := dealing{shamir.CoefficientsToPriPoly(group, []kyber.Scalar{
				kybergroup.FromScalar(small(1)), kybergroup.FromScalar(small(2)), kybergroup.FromScalar(small(3))}),
				scalars(transcript.New("test").Challenge("r", 5*64))}
			return slices.Concat(d.encode(other.c.id, 5, r.c.keys)[:partAt(3, 1)], d.encode(r.c.id, 5, r.c.keys)[partAt(3, 1):])
		})
		r.play()
		require.Contains(t, r.disqualified(5).Reason, "proof of knowledge for C_0")
		require.True(t, r.c.Status().Done)
	})
}

func TestAttack14TwoTranscriptsThatDifferInOneMessage(t *testing.T) {
	base := newRun(t, 5, 3)
	base.play()
	// Trustee 5 shows one half of the others another deal message than the other half. Both are
	// signed, and only one of them is what she committed to.
	r := newRun(t, 5, 3)
	r.playUntil(RoundDeal)
	r.act[seat{RoundDeal, 5}] = silence
	r.play()
	one := r.say(5, r.honestDeal(5))
	two := r.say(5, edit(5, func(_ *run, b []byte) []byte { b[len(b)-1] ^= 1; return b })(r))
	a, b := r.replica(append(slices.Clone(r.sent), one)), r.replica(append(slices.Clone(r.sent), two))
	require.NotEqual(t, a.now().prev, b.now().prev)

	var verdicts [][]byte
	for j := 1; j <= 4; j++ {
		view := a
		if j > 2 {
			view = b
		}
		m, err := r.trustees[j].Next(view)
		require.NoError(t, err)
		verdicts = append(verdicts, m...)
	}
	for _, view := range []*Ceremony{a, b} {
		for _, m := range verdicts {
			require.NoError(t, view.Add(m))
		}
		_, err := view.Digest()
		require.ErrorIs(t, err, ErrIncomplete, "the halves never agree")
	}
	// When they compare, she is named and the run is void.
	require.NoError(t, a.Add(two))
	require.NoError(t, b.Add(one))
	require.Equal(t, a.Transcript(), b.Transcript())
	require.Equal(t, a.Status(), b.Status())
	require.Contains(t, a.Status().Void, "trustee 5")
	require.Equal(t, "trustee 5, deal round: signed two different messages", a.Status().Disqualified[0].String())
	_, err := a.Digest()
	require.ErrorIs(t, err, ErrVoid)
	_, err = r.trustees[1].Next(a)
	require.ErrorIs(t, err, ErrVoid)

	// Whatever message of the first four rounds is another, the digest is another.
	want := base.digest()
	for round := range RoundSign {
		changed := newRun(t, 5, 3)
		changed.trustees = base.trustees // the same people
		changed.c, _ = NewCeremony(base.c.Roster())
		for _, raw := range base.sent {
			m, err := base.c.parseMessage(raw)
			require.NoError(t, err)
			if m.round < round || m.round == round && m.author != 5 {
				changed.add(raw)
			}
		}
		prev := changed.c.now().prev
		changed.add(changed.sayAt(round, 5, prev, []byte("another")))
		require.NotEqual(t, roundAfter(base.c, round), changed.c.now().prev, round)
	}
	require.Equal(t, want, base.digest())
}

// roundAfter returns the digest of all rounds up to round.
func roundAfter(c *Ceremony, round Round) [32]byte {
	for _, s := range c.slots[round+1] {
		if s.first != nil {
			return s.first.prev
		}
	}
	panic("no message")
}

func TestAttack15BogusMessageFirst(t *testing.T) {
	r := newRun(t, 3, 2)
	for progress := true; progress; {
		progress = false
		for j := 1; j <= 3; j++ {
			messages, err := r.trustees[j].Next(r.c)
			require.NoError(t, err)
			for _, m := range messages {
				progress = true
				before := string(r.c.Transcript())
				for _, at := range []int{35, messageHead, len(m) - 1, len(m) - 40} { // prev, body, signature
					bogus := bytes.Clone(m)
					bogus[at] ^= 1
					require.Error(t, r.c.Add(bogus))
				}
				require.Equal(t, before, string(r.c.Transcript()), "a bogus message leaves no trace")
				r.add(m)
			}
		}
	}
	require.True(t, r.c.Status().Done)
	require.Empty(t, r.c.Status().Disqualified)
}

func TestAttack16Threshold(t *testing.T) {
	for _, c := range []struct{ n, t int }{{2, 2}, {3, 2}, {4, 3}, {5, 2}, {5, 5}} {
		t.Run(fmt.Sprintf("%d of %d", c.t, c.n), func(t *testing.T) {
			r := newFilelessRun(t, c.n, c.t)
			r.play()
			h, err := r.c.PublicKey()
			require.NoError(t, err)
			var all []int
			for j := c.n; j >= 1; j-- {
				all = append(all, j)
			}
			require.Equal(t, h.Bytes(), recoverKey(t, r, c.t, all[:c.t]...))
			require.NotEqual(t, h.Bytes(), recoverKey(t, r, c.t-1, all[:c.t-1]...))
		})
	}
	roster := newFilelessRun(t, 3, 2).c.Roster()
	for _, threshold := range []int{-1, 0, 1, 4, math.MaxInt} {
		bad := roster.clone()
		bad.Threshold = threshold
		_, err := NewCeremony(bad)
		require.ErrorIs(t, err, ErrInvalid)
		require.ErrorContains(t, err, "threshold")
	}
	bad := roster.clone()
	bad.Trustees = bad.Trustees[:1]
	_, err := NewCeremony(bad)
	require.ErrorContains(t, err, "1 trustees, 2 to 64 allowed")
	bad.Trustees = make([]ballot.Trustee, 65)
	_, err = NewCeremony(bad)
	require.ErrorContains(t, err, "65 trustees, 2 to 64 allowed")
}

func TestIndexOutOfRange(t *testing.T) {
	r := newFilelessRun(t, 3, 2)
	for _, author := range []int{4, 5, 255} {
		m := newMessage(r.c.id, RoundEnrol, author, r.c.id, nil, &r.trustees[1].vault.x, &r.trustees[1].vault.y)
		require.ErrorIs(t, r.c.Add(m), ErrMalformed)
	}
	for _, round := range []Round{5, 6, 255} {
		require.ErrorIs(t, r.c.Add(r.sayAt(round, 1, r.c.id, nil)), ErrMalformed)
		require.Equal(t, fmt.Sprintf("unknown (%d)", uint8(round)), round.String())
	}
	// Author 0 is the organiser, whose key no trustee has.
	m := newMessage(r.c.id, RoundEnrol, 0, r.c.id, []byte{2}, &r.trustees[1].vault.x, &r.trustees[1].vault.y)
	require.ErrorIs(t, r.c.Add(m), ErrInvalid)
}

// The parts of a deal of somebody else are no use: their ephemerals prove whose they are.
func TestAttack34ComplaintIsNoDecryptionOracle(t *testing.T) {
	replay := func(name string, victim func(r *run) []byte) {
		t.Run(name, func(t *testing.T) {
			r := newFilelessRun(t, 5, 3)
			// Dealer 2 repeats the part that the victim dealt to trustee 4, hoping for a complaint
			// that opens it.
			r.deals(2, edit(2, func(r *run, b []byte) []byte {
				return put(partAt(3, 4), victim(r)[partAt(3, 4):partAt(3, 5)])(r, b)
			}))
			require.Contains(t, r.survives(2).Reason, "proof of knowledge for the ephemeral for trustee 4")
			// Nothing is revealed: the verdict of 4 holds no complaint.
			require.Equal(t, []byte{1, 0, 1, 1, 1}, r.c.slots[RoundVerdict][4].first.body)
		})
	}
	replay("of this ceremony", func(r *run) []byte { return r.honestDeal(1) })
	replay("of another ceremony of the same people", func(r *run) []byte {
		roster := r.c.Roster()
		roster.Context = "another"
		c, err := NewCeremony(roster)
		require.NoError(t, err)
		return r.trustees[1].deal(c, 1)
	})
	replay("with her own proof", func(r *run) []byte {
		b := r.honestDeal(2)
		copy(b[partAt(3, 4):], r.honestDeal(1)[partAt(3, 4):][:64])
		return b
	})
	t.Run("her own ephemeral for another recipient", func(t *testing.T) {
		r := newFilelessRun(t, 5, 3)
		r.deals(2, edit(2, func(r *run, b []byte) []byte {
			return put(partAt(3, 4), b[partAt(3, 3):partAt(3, 4)])(r, b)
		}))
		require.Contains(t, r.survives(2).Reason, "ephemeral for trustee 4")
	})
	for i, torsion := range babyjubtest.Torsion() {
		small := torsion.Bytes()
		r := newFilelessRun(t, 5, 3)
		r.deals(2, edit(2, put(partAt(3, 4), small[:])))
		r.play()
		require.Contains(t, r.disqualified(2).Reason, "ephemeral for trustee 4", "torsion %d", i)
	}
}

func TestKeyThatNobodyCanUse(t *testing.T) {
	// Dealers who work together make the key, or somebody's verification key, the identity.
	minus := func(u uint64) *babyjub.Scalar { return new(babyjub.Scalar).Neg(small(u)) }
	for name, deals := range map[string][3]func(r *run) []byte{
		"election key": {
			func(r *run) []byte { return r.dealOf(1, small(5), small(1)) },
			func(r *run) []byte { return r.dealOf(2, small(6), small(1)) },
			func(r *run) []byte { return r.dealOf(3, minus(11), small(1)) },
		},
		"verification key of trustee 2": { // f(2) = 10 + 2*1 + 2 + 2*1 - 22 + 2*3 = 0
			func(r *run) []byte { return r.dealOf(1, small(10), small(1)) },
			func(r *run) []byte { return r.dealOf(2, small(2), small(1)) },
			func(r *run) []byte { return r.dealOf(3, minus(22), small(3)) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFilelessRun(t, 3, 2)
			for i, d := range deals {
				r.deals(i+1, d)
			}
			r.play()
			require.Contains(t, r.c.Status().Void, "identity")
			r.requireOrderless()
		})
	}
}
