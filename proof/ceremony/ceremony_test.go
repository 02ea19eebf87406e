package ceremony

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io/fs"
	"math/big"
	"slices"
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
	require.ErrorContains(t, err, "names no set-up ceremony")
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
		"or other powers than":    func(x *Transcript) { x.Powers[0]++ },
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
		if name == TranscriptFile {
			require.ErrorIs(t, err, fs.ErrNotExist)
		}
	}
	_, err = Check(t.Context(), with(with(h.files, ContributionFile(3), nil), ContributionFile(2), nil),
		provenance, h.key.VerifyingKey(), h.transcript.Powers)
	require.ErrorIs(t, err, ErrOrder)
	require.ErrorContains(t, err, "phase 2 has 1 contributions")
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

func TestEncodeSaysWhatGnarkCannotWrite(t *testing.T) {
	p := mpcsetup.NewPhase1(4)
	p.Challenge = make([]byte, 256)
	_, err := encode(p)
	require.ErrorContains(t, err, "too long")
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
	head, err := h.encode()
	require.NoError(t, err)
	return append(head, body...)
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
	for _, bad := range []struct {
		at    int // in the header
		value byte
		kind  error
		want  string
	}{
		{0, 'S', ErrMalformed, "does not start with"},
		{24, 1, ErrForeign, "a contribution to phase 1"},
		{25, 2, ErrForeign, "made for membership at depth 2"},
		{26, 1, ErrForeign, "made for weighted membership"},
		{26, 2, ErrMalformed, "unknown relation 2"}, // or one contribution would have several files
		{27, held().files[ContributionFile(1)].Data[27] ^ 1, ErrForeign, "another version of the circuit"},
		{60, 2, ErrOrder, "this is contribution 2, number 1 belongs here"},
		{61, held().files[ContributionFile(1)].Data[61] ^ 1, ErrOrder, "does not follow the file before it"},
		{97, '\n', ErrMalformed, "is not a line of printable text"}, // of the name
	} {
		err := c.append(file(1, func(b []byte) { b[bad.at] = bad.value }))
		require.ErrorIs(t, err, bad.kind, bad.want)
		require.ErrorContains(t, err, bad.want)
	}
	for _, n := range []int{24, 60, 96, 98} { // cut inside of the header
		err := c.append(held().files[ContributionFile(1)].Data[:n])
		require.ErrorIs(t, err, ErrMalformed, "%d bytes", n)
		require.ErrorContains(t, err, "more bytes wanted", "%d bytes", n)
	}
	first, err := must(openPhase1(context.Background(), fstest.MapFS{}, small, few)).Contribute("Mallory")
	require.NoError(t, err)
	require.ErrorIs(t, c.append(first), ErrForeign)

	// A relation that there is not.
	none := header{phase: 2, number: 1, name: names[0]}
	_, err = none.encode()
	require.ErrorContains(t, err, "depth 0 is not in 1..32")
	_, _, err = parseContribution(held().files[ContributionFile(1)].Data, none)
	require.ErrorContains(t, err, "depth 0 is not in 1..32")
}

// An update by 1 or -1 leaves what it updates as it was; two points of other x are no such update, however
// like the generator they look.
func TestUpdatesByOneAreIdle(t *testing.T) {
	_, _, g1, _ := bn254.Generators()
	var minus bn254.G1Affine
	plus, packed := g1.Bytes(), minus.Neg(&g1).Bytes()
	require.True(t, idle(plus[:]))
	require.True(t, idle(packed[:]))
	for _, at := range []int{0, packed1 - 1} {
		b := plus
		b[at] ^= 1
		require.False(t, idle(b[:]), "byte %d", at)
	}
}

func TestAPhaseHasRoomForSoMany(t *testing.T) {
	c, p := after(0), must(openPhase1(t.Context(), fstest.MapFS{}, small, few))
	for _, phase := range []struct {
		*follow
		contribute func(name string) ([]byte, error)
	}{
		{&p.follow, p.Contribute},
		{&c.follow, func(name string) ([]byte, error) { return c.Contribute(t.Context(), name) }},
	} {
		phase.made = make([]Contribution, MaxContributors-1)
		_, err := phase.contribute("Ada")
		require.NoError(t, err)
		_, err = phase.contribute("Grace")
		require.ErrorIs(t, err, ErrOrder)
		require.ErrorContains(t, err, "there are 999 contributions, the most that are possible")
	}
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
	for _, bad := range []struct {
		kind error
		want string
		edit func(b []byte) []byte
	}{
		{ErrMalformed, "does not start with", func(b []byte) []byte { b[0] = 'S'; return b }},
		{ErrMalformed, "depth 0 is not in 1..32", func(b []byte) []byte { b[24] = 0; return b }},
		{ErrMalformed, "depth 33 is not in 1..32", func(b []byte) []byte { b[24] = 33; return b }},
		{ErrForeign, "another version of the circuit of weighted", func(b []byte) []byte { b[25] = 1; return b }},
		{ErrMalformed, "unknown relation 2", func(b []byte) []byte { b[25] = 2; return b }}, // or there would be several files
		{ErrForeign, "another version of the circuit", func(b []byte) []byte { b[26] ^= 1; return b }},
		{ErrForeign, "other powers or another relation", func(b []byte) []byte { b[58] ^= 1; return b }},
		{ErrForeign, "other powers or another relation", func(b []byte) []byte { // which this program has
			_, circuit, err := other.Constraints()
			require.NoError(t, err)
			b[24] = byte(other.Depth)
			copy(b[26:], circuit[:])
			return b
		}},
		{ErrMalformed, "point 0 of A is not in the group", func(b []byte) []byte { b[at+size1-1] ^= 1; return b }},
		{ErrMalformed, "point 0 of A is not in the group", func(b []byte) []byte { clear(b[at:][:size1]); return b }},
		{ErrMalformed, "point 0 of A is not in the group", func(b []byte) []byte { // the same point in its other form
			var p bn254.G1Affine
			must(p.SetBytes(b[at:][:size1]))
			packed := p.Bytes()
			clear(b[at:][:size1])
			copy(b[at:], packed[:])
			return b
		}},
		{ErrMalformed, "of B in G2 is not in the group of order r", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }},
		{ErrMalformed, "of B in G2 is not in the group of order r", func(b []byte) []byte { clear(b[len(b)-size2:]); return b }},
		{ErrMalformed, "of B in G2 is not in the group of order r", func(b []byte) []byte {
			var p bn254.G2Affine
			must(p.SetBytes(b[len(b)-size2:]))
			packed := p.Bytes()
			clear(b[len(b)-size2:])
			copy(b[len(b)-size2:], packed[:])
			return b
		}},
		{ErrMalformed, "more bytes wanted", func(b []byte) []byte { return b[:startHeader-size1] }},
		{ErrMalformed, "more bytes wanted", func(b []byte) []byte { return b[:len(b)-1] }},
		{ErrMalformed, "1 trailing bytes", func(b []byte) []byte { return append(b, 0) }},
	} {
		err := parse(bad.edit(bytes.Clone(good)))
		require.ErrorIs(t, err, bad.kind, bad.want)
		require.ErrorContains(t, err, bad.want)
	}
	_, err := Open(t.Context(), with(files, StartFile, func(b []byte) []byte { return b[:len(b)-1] }))
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, "start: ")
}

// With a chance of nothing, or powers that are none, a ceremony does not start, rather than start with a file that
// nobody can read.
func TestMakesNoStartThatCannotBeRead(t *testing.T) {
	_, err := Start(t.Context(), new(Powers))
	require.ErrorContains(t, err, "depth 0")
	c := after(0)
	chance := *c.start
	chance.evals.G1.VKK = slices.Clone(chance.evals.G1.VKK)
	chance.evals.G1.VKK[1] = bn254.G1Affine{} // infinity
	_, err = chance.encode(c.powers)
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, "point 1 of K is not in the group")
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := after(0)
	cancel()
	_, err := c.Contribute(ctx, "Ada")
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = c.Finalize(ctx, beacon)
	require.ErrorIs(t, err, context.Canceled)
	for _, files := range []fs.FS{held().files, fstest.MapFS{}} {
		_, err = Open(ctx, files)
		require.ErrorIs(t, err, context.Canceled)
	}
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
