package ceremony

import (
	"bytes"
	"context"
	"crypto/sha256"
	"math/big"
	"testing"
	"testing/fstest"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	pairings "github.com/consensys/gnark-crypto/ecc/bn254/mpcsetup"
	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/consensys/gnark/backend/groth16/bn254/mpcsetup"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prover"
)

func TestKeysOfACeremonyProve(t *testing.T) {
	h := held()
	id, neighbour := proof.NewIdentity(), proof.NewIdentity()
	st := proof.Statement{
		Path:    census.Path{Commitment: id.Commitment(), Siblings: []census.Node{census.Node(neighbour.Commitment())}},
		Scope:   proof.Scope{1},
		Message: proof.Message{2},
	}
	m, err := h.key.Prove(t.Context(), id, st)
	require.NoError(t, err)
	claim := proof.Claim{Membership: *m, Scope: st.Scope, Message: st.Message}
	require.NoError(t, h.key.VerifyingKey().Verify(&claim))
	claim.Message[0]++
	require.ErrorIs(t, h.key.VerifyingKey().Verify(&claim), proof.ErrInvalid)

	var file bytes.Buffer
	_, err = h.key.WriteTo(&file)
	require.NoError(t, err)
	_, err = prover.ReadProvingKey(&file, h.transcript.ProvingKey)
	require.NoError(t, err)
}

func TestEverybodyGetsTheSameKeys(t *testing.T) {
	h := held()
	c, err := Open(t.Context(), h.files)
	require.NoError(t, err)
	require.Equal(t, small, c.Relation())
	require.Equal(t, source, c.Powers().Origin().Source)
	require.Len(t, c.Contributions(), 3)
	for range 2 { // Finalize leaves the ceremony as it is
		key, transcript, err := c.Finalize(t.Context(), beacon)
		require.NoError(t, err)
		require.Equal(t, h.transcript, transcript)
		require.Equal(t, h.key.Digest(), key.Digest())
	}
	other := beacon
	other.Value = bytes.Repeat([]byte{0xac}, 32)
	key, _, err := c.Finalize(t.Context(), other)
	require.NoError(t, err)
	require.NotEqual(t, h.transcript.VerifyingKey, key.VerifyingKey().Digest())
}

func TestCheckReplaysTheCeremony(t *testing.T) {
	h := held()
	provenance, err := h.transcript.Provenance()
	require.NoError(t, err)
	require.True(t, IsProvenance(provenance))
	require.LessOrEqual(t, len(provenance), 200)
	transcript, err := Check(t.Context(), h.files, provenance, h.key.VerifyingKey(), h.transcript.Powers)
	require.NoError(t, err)
	require.Equal(t, h.transcript, transcript)

	// Powers that the auditor does not know.
	_, err = Check(t.Context(), h.files, provenance, h.key.VerifyingKey())
	require.ErrorIs(t, err, ErrForeign)
	require.ErrorContains(t, err, source)

	// Another provenance, another transcript, another key.
	_, err = Check(t.Context(), h.files, proof.OneParty, h.key.VerifyingKey(), h.transcript.Powers)
	require.ErrorIs(t, err, ErrForeign)
	changed := *h.transcript
	changed.Beacon.Source = "drand quicknet, round 23456790"
	files := with(h.files, TranscriptFile, func([]byte) []byte { return must(changed.Bytes()) })
	_, err = Check(t.Context(), files, provenance, h.key.VerifyingKey(), h.transcript.Powers)
	require.ErrorIs(t, err, ErrForeign)
	_, key, err := prover.InsecureSetup(t.Context(), small)
	require.NoError(t, err)
	_, err = Check(t.Context(), h.files, provenance, key, h.transcript.Powers)
	require.ErrorIs(t, err, ErrForeign)

	// A transcript that does not fit the files, and what is said of each part of it.
	changed.Contributions = changed.Contributions[:2]
	require.ErrorIs(t, after(3).endsIn(t.Context(), &changed, must(changed.Bytes())), ErrInvalid)
	for name, edit := range map[string]func(x *Transcript){
		"relation":                func(x *Transcript) { x.Relation.Depth++ },
		"circuit":                 func(x *Transcript) { x.Circuit[0]++ },
		"start":                   func(x *Transcript) { x.Start[0]++ },
		"0002.contribution":       func(x *Transcript) { x.Contributions[1].Digest[0]++ },
		"0003.contribution":       func(x *Transcript) { x.Contributions = x.Contributions[:2] },
		"is missing":              func(x *Transcript) { x.Contributions = append(x.Contributions, Contribution{Name: "Mallory"}) },
		"ends in the keys":        func(x *Transcript) { x.ProvingKey[0]++ },
		"another start or other ": func(x *Transcript) { x.Origin.Source = "other.ptau" },
	} {
		x := *h.transcript
		x.Contributions = append([]Contribution(nil), x.Contributions...)
		x.Beacon.Value = bytes.Clone(x.Beacon.Value)
		edit(&x)
		require.NotEqual(t, must(x.Bytes()), must(h.transcript.Bytes()))
		err := x.differs(h.transcript)
		require.ErrorContains(t, err, map[bool]string{true: "is about", false: name}[name == "relation" || name == "circuit"])
	}

	// Files that are missing.
	for name := range h.files {
		_, err := Check(t.Context(), with(h.files, name, nil), provenance, h.key.VerifyingKey(), h.transcript.Powers)
		require.Error(t, err, name)
	}
}

// The keys of a set-up without its second phase never come out of a ceremony, and no ceremony vouches for them.
func TestAttack32SetUpWithoutItsSecondPhase(t *testing.T) {
	c := after(0)
	for i := range MinContributors {
		_, _, err := c.Finalize(t.Context(), beacon)
		require.ErrorIs(t, err, ErrOrder, "%d contributions", i)
		_, err = c.Contribute(t.Context(), names[i])
		require.NoError(t, err)
	}
	_, _, err := c.Finalize(t.Context(), beacon)
	require.NoError(t, err)

	// The start itself, delta = 1, is no key; nor is what the beacon alone makes of it any transcript's.
	var pk groth16.ProvingKey
	var vk groth16.VerifyingKey
	begin := after(0)
	evals := begin.start.evals
	sealedPK, sealedVK := begin.clone().Seal(&begin.powers.srs, &evals, beacon.Value)
	pk, vk = *sealedPK.(*groth16.ProvingKey), *sealedVK.(*groth16.VerifyingKey)
	_, err = prover.NewProvingKey(small, &pk, &vk)
	require.NoError(t, err, "anybody can compute this key's delta, and it does not show")
	first := begin.start.first.Parameters
	pk.G1.Delta, pk.G2.Delta, vk.G2.Delta, pk.G1.K, pk.G1.Z = first.G1.Delta, first.G2.Delta, first.G2.Delta, first.G1.PKK, first.G1.Z
	_, err = prover.NewProvingKey(small, &pk, &vk)
	require.ErrorIs(t, err, proof.ErrMalformed)
	require.ErrorContains(t, err, "without its second phase")
	for n := range MinContributors {
		x := *held().transcript
		x.Contributions = x.Contributions[:n]
		_, err = ParseTranscript(must(x.Bytes()))
		require.Error(t, err)
	}
}

// half returns 1/2: its inverse is quickly multiplied by.
func half() (x fr.Element) {
	x.SetUint64(2)
	x.Inverse(&x)
	return x
}

// forge makes the contribution that follows, right in itself, with an x of the attacker's choice, and edits it.
func forge(t *testing.T, c *Ceremony, name string, x fr.Element, edit func(p *mpcsetup.Phase2)) []byte {
	t.Helper()
	p := c.clone()
	body, err := encode(p)
	require.NoError(t, err)
	challenge := sha256.Sum256(body)
	p.Challenge = challenge[:]
	p.Delta = pairings.UpdateValues(&x, p.Challenge, mpcsetup.DST_DELTA, &p.Parameters.G1.Delta, &p.Parameters.G2.Delta)
	var inverse fr.Element
	inverse.Inverse(&x)
	scalar := inverse.BigInt(new(big.Int))
	for _, list := range [][]bn254.G1Affine{p.Parameters.G1.PKK, p.Parameters.G1.Z} {
		for i := range list {
			list[i].ScalarMultiplication(&list[i], scalar)
		}
	}
	if edit != nil {
		edit(p)
	}
	body, err = encode(p)
	require.NoError(t, err)
	h := c.next
	h.name = name
	file, err := h.join(body)
	require.NoError(t, err)
	return file
}

func TestRejectsContributionsThatDoNotFollow(t *testing.T) {
	h := held()
	x := half()
	one := fr.One()
	var minus fr.Element
	minus.Neg(&one)

	c := after(1)

	// What the attacker makes is right in itself, or the test would test nothing.
	right := forge(t, c, "Mallory", x, nil)
	copied := *c
	require.NoError(t, copied.append(right))

	_, _, g1, g2 := bn254.Generators()
	for _, bad := range []struct {
		name string
		x    fr.Element
		edit func(p *mpcsetup.Phase2)
	}{
		{"delta as it was", one, nil},
		{"delta as it was, negated", minus, nil},
		{"delta the generator", x, func(p *mpcsetup.Phase2) { p.Parameters.G1.Delta, p.Parameters.G2.Delta = g1, g2 }},
		{"another delta in G1", x, func(p *mpcsetup.Phase2) { p.Parameters.G1.Delta.Double(&p.Parameters.G1.Delta) }},
		{"another delta in G2", x, func(p *mpcsetup.Phase2) { p.Parameters.G2.Delta.Double(&p.Parameters.G2.Delta) }},
		{"one K", x, func(p *mpcsetup.Phase2) { p.Parameters.G1.PKK[17].Double(&p.Parameters.G1.PKK[17]) }},
		{"last Z", x, func(p *mpcsetup.Phase2) { p.Parameters.G1.Z[len(p.Parameters.G1.Z)-1] = p.Parameters.G1.Z[0] }},
		{"two K exchanged", x, func(p *mpcsetup.Phase2) {
			k := p.Parameters.G1.PKK
			k[0], k[1] = k[1], k[0]
		}},
		{"another's proof", x, func(p *mpcsetup.Phase2) { p.Delta = c.last.Delta }},
		{"another challenge", x, func(p *mpcsetup.Phase2) { p.Challenge = make([]byte, 32) }},
	} {
		err := c.append(forge(t, c, "Mallory", bad.x, bad.edit))
		require.ErrorIs(t, err, ErrInvalid, bad.name)
		require.ErrorContains(t, err, `"Mallory"`, bad.name)
	}
	infinite := forge(t, c, "Mallory", x, func(p *mpcsetup.Phase2) { p.Parameters.G1.PKK[3] = bn254.G1Affine{} })
	require.ErrorIs(t, c.append(infinite), ErrMalformed)
	require.Len(t, c.Contributions(), 1, "what is refused leaves no trace")

	idle := forge(t, c, "Mallory", one, nil)
	_, err := Open(t.Context(), with(h.files, ContributionFile(2), func([]byte) []byte { return idle }))
	require.ErrorIs(t, err, ErrInvalid)
	require.EqualError(t, err, `0002.contribution: ceremony: invalid: by "Mallory": it leaves delta as it was`)
}

func TestRejectsContributionsInAnotherPlace(t *testing.T) {
	h := held()
	first, second, third := h.files[ContributionFile(1)].Data, h.files[ContributionFile(2)].Data, h.files[ContributionFile(3)].Data
	for name, files := range map[string]fstest.MapFS{
		"first missing": with(h.files, ContributionFile(1), nil),
		"one missing":   with(h.files, ContributionFile(2), nil),
		"no number":     with(h.files, "last.contribution", func([]byte) []byte { return third }),
	} {
		_, err := Open(t.Context(), files)
		require.ErrorIs(t, err, ErrOrder, name)
		require.ErrorContains(t, err, ".contribution is missing", name)
	}
	for name, wrong := range map[string]struct {
		before int
		file   []byte
	}{"exchanged": {0, second}, "first again": {1, first}, "one left out": {1, third}, "twice": {3, third}} {
		require.ErrorIs(t, after(wrong.before).append(wrong.file), ErrOrder, name)
	}

	// One who contributes twice; a contribution that another one replaced.
	c := after(2)
	_, err := c.Contribute(t.Context(), names[0])
	require.ErrorIs(t, err, ErrOrder)
	require.ErrorContains(t, err, names[0])
	require.ErrorIs(t, c.append(forge(t, c, names[0], half(), nil)), ErrOrder)
	replaced := after(1)
	require.NoError(t, replaced.append(forge(t, replaced, "Mallory", half(), nil)))
	err = replaced.append(third)
	require.ErrorIs(t, err, ErrOrder)
	require.ErrorContains(t, err, `by "Sofja Kowalewskaja"`)
	require.NoError(t, replaced.enough(), "without the third it is a ceremony, but another one")

	// Names that are none.
	for _, name := range []string{"", " Ada", "A\nda", "A\u202eda", string(make([]byte, 101)), "e\u0301"} {
		_, err := c.Contribute(t.Context(), name)
		require.ErrorIs(t, err, ErrMalformed, "%q", name)
	}
	require.Len(t, c.Contributions(), 2)
}

func TestRejectsContributionsToSomethingElse(t *testing.T) {
	c := after(0)
	for at, want := range map[int]error{ // offsets in the header
		0:  ErrMalformed, // format
		24: ErrForeign,   // phase
		25: ErrForeign,   // depth
		26: ErrForeign,   // weighted
		27: ErrForeign,   // circuit
		60: ErrOrder,     // number
		61: ErrOrder,     // digest of the file before
	} {
		require.ErrorIs(t, c.append(file(1, func(b []byte) { b[at] ^= 1 })), want, "byte %d", at)
	}
	first, err := must(openPhase1(context.Background(), fstest.MapFS{}, small, few)).Contribute("Mallory")
	require.NoError(t, err)
	require.ErrorIs(t, c.append(first), ErrForeign)
}

// Of the last contribution, which no other file names, a change is seen by itself; in the name of
// the contributor by the transcript.
func TestRejectsAnyChangedByte(t *testing.T) {
	h := held()
	c := after(2)
	good := h.files[ContributionFile(3)].Data
	fixed := len(good) - shapeSize(c.shape())
	for _, at := range []int{fixed, fixed + 1, fixed + 2, fixed + 33, fixed + 37, fixed + 38, fixed + 69, len(good) / 2,
		len(good) - 33 - 96 - 64, len(good) - 33 - 96, len(good) - 33 - 64, len(good) - 33, len(good) - 32, len(good) - 1} {
		require.Error(t, c.append(file(3, func(b []byte) { b[at] ^= 1 })), "byte %d", at)
	}
	for _, n := range []int{0, 10, fixed, len(good) - 1} {
		require.ErrorIs(t, c.append(good[:n]), ErrMalformed)
	}
	require.ErrorIs(t, c.append(append(bytes.Clone(good), 0)), ErrMalformed)

	require.NoError(t, c.append(file(3, func(b []byte) { b[fixed-1] = 'b' })))
	err := c.endsIn(t.Context(), h.transcript, must(h.transcript.Bytes()))
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorContains(t, err, "0003.contribution is not the file")
}

// A length or an uncompressed point in gnark's bytes would make its reader allocate what the attacker says.
func TestAttackersLengthsDoNotReachGnark(t *testing.T) {
	c := after(1)
	shape := c.shape()
	body := shapeSize(shape)
	for name, edit := range map[string]func(b []byte){
		"commitments":        func(b []byte) { b[0] = 0xff },
		"a list's length":    func(b []byte) { copy(b[34:], []byte{0xff, 0xff, 0xff, 0xff}) },
		"uncompressed point": func(b []byte) { b[2] &= 0x3f },
		"infinity":           func(b []byte) { clear(b[38:70]); b[38] = 0x40 },
		"challenge":          func(b []byte) { b[len(b)-33] = 0xff },
	} {
		bad := file(2, func(b []byte) { edit(b[len(b)-body:]) })
		require.Error(t, checkShape(bad[len(bad)-body:], shape), name)
		err := c.append(bad)
		require.ErrorIs(t, err, ErrMalformed, name)
		require.ErrorContains(t, err, names[1])
	}
	big := fstest.MapFS{StartFile: {Data: make([]byte, maxStart+1)}}
	_, err := Open(t.Context(), big)
	require.ErrorIs(t, err, ErrMalformed)
	_, err = Open(t.Context(), fstest.MapFS{StartFile: {Mode: 1<<31 | 0o755}})
	require.Error(t, err)
}

func TestRejectsAStartThatIsNotTheRelations(t *testing.T) {
	files := begun()
	good := files[StartFile].Data
	c := after(0)
	left, right := c.start.sides()
	a, b := 0, 0
	for i := range left {
		if left[i] {
			a++
		}
		if right[i] {
			b++
		}
	}
	wires := c.start.wires()
	at := startHeader
	exchange := func(at, size int) func(x []byte) []byte {
		return func(x []byte) []byte {
			first := bytes.Clone(x[at : at+size])
			copy(x[at:], x[at+size:at+2*size])
			copy(x[at+size:], first)
			return x
		}
	}
	parse := func(b []byte) error {
		_, err := parseStart(b, c.powers, sha256.Sum256(files[OriginFile].Data))
		return err
	}
	require.NoError(t, parse(good))
	for what, place := range map[string]struct{ at, size int }{
		"A":       {at, size1},
		"B":       {at + a*size1, size1},
		"K":       {at + (a+b)*size1, size1},
		"Z":       {at + (a+b+wires)*size1, size1},
		"B in G2": {len(good) - 2*size2, size2},
	} {
		err := parse(exchange(place.at, place.size)(bytes.Clone(good)))
		require.ErrorIs(t, err, ErrInvalid, what)
		require.ErrorContains(t, err, ": "+what+" is not", what)
	}
	for at, want := range map[int]error{
		0:                ErrMalformed, // format
		24:               ErrMalformed, // depth 0
		25:               ErrForeign,   // weighted
		26:               ErrForeign,   // circuit
		58:               ErrForeign,   // powers
		startHeader + 70: ErrMalformed, // a point
		len(good) - 1:    ErrMalformed,
	} {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		require.ErrorIs(t, parse(bad), want, "byte %d", at)
	}
	require.ErrorIs(t, parse(good[:len(good)-1]), ErrMalformed)
	_, err := Open(t.Context(), with(files, StartFile, func(b []byte) []byte { return b[:len(b)-1] }))
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, "start: ")
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := after(0)
	cancel()
	_, err := c.Contribute(ctx, "Ada")
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = c.Finalize(ctx, beacon)
	require.ErrorIs(t, err, context.Canceled)
	_, err = Open(ctx, held().files)
	require.ErrorIs(t, err, context.Canceled)
	_, err = Start(ctx, c.Powers())
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = openPowers(ctx, firstPhase(), small, few)
	require.ErrorIs(t, err, context.Canceled)
}

func TestRejectsABeaconWithoutASource(t *testing.T) {
	c := after(3)
	for _, b := range []Beacon{{}, {Source: "drand"}, {Value: beacon.Value}, {"drand", make([]byte, 15)}, {"drand", make([]byte, 129)}, {"a\n", beacon.Value}} {
		_, _, err := c.Finalize(t.Context(), b)
		require.ErrorIs(t, err, ErrMalformed)
	}
}

// What ended the first phase was public while the second went on.
func TestRejectsTheBeaconOfTheFirstPhase(t *testing.T) {
	c := after(3)
	powers := *c.powers
	powers.origin = Origin{Contributions: c.Contributions(), Beacon: Beacon{Source: "another round, it is said", Value: beacon.Value}}
	c.powers = &powers
	_, _, err := c.Finalize(t.Context(), beacon)
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorContains(t, err, "of a later time")
	other := Beacon{beacon.Source, bytes.Repeat([]byte{1}, 32)}
	_, transcript, err := c.Finalize(t.Context(), other)
	require.NoError(t, err)
	_, err = ParseTranscript(must(transcript.Bytes()))
	require.NoError(t, err)
	transcript.Beacon = beacon
	_, err = ParseTranscript(must(transcript.Bytes()))
	require.ErrorIs(t, err, ErrInvalid)
}

// Points of the twist that are not of order r, where delta in G2 and where the proof's second point belongs.
func TestRejectsContributionsOutsideTheSubgroup(t *testing.T) {
	var u bn254.E2
	u.A0.SetUint64(7)
	point := bn254.MapToCurve2(&u)
	require.True(t, point.IsOnCurve())
	require.False(t, point.IsInSubGroup())
	outside := point.Bytes()
	challenge := shapeSize([]field{challengeField})
	for what, fromEnd := range map[string]int{
		"proof": challenge + packed2,
		"delta": challenge + shapeSize(updateProof) + packed2,
	} {
		bad := file(2, func(b []byte) { copy(b[len(b)-fromEnd:], outside[:]) })
		err := after(1).append(bad)
		require.ErrorIs(t, err, ErrMalformed, what)
		require.ErrorContains(t, err, names[1], what)
		require.ErrorContains(t, err, "subgroup", what)
	}
}
