package tally

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/bits"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/proof"
)

// auditAs audits the record under the id of whatever manifest it holds.
func (p *poll) auditAs(manifest []byte) error {
	p.put(ManifestFile, manifest)
	r, err := Audit(context.Background(), p.files, sha256.Sum256(manifest), accept)
	if err != nil {
		return err
	}
	return r.Err()
}

// failed returns the reason for which the audit fails this check and no other.
func (p *poll) failed(t *testing.T, check Check) string {
	t.Helper()
	r := p.audit(t)
	require.Equal(t, []Check{check}, r.Failed(), "%v", r.Err())
	return r.Err().Error()
}

func TestAttack02RecordBringsItsOwnGenerators(t *testing.T) {
	p := base().copy()
	for _, member := range []string{`"generators":["00"]`, `"group":"P-256"`, `"cofactor":1`} {
		manifest := bytes.Replace(p.Manifest.Bytes(), []byte(`{"census"`), []byte(`{`+member+`,"census"`), 1)
		require.ErrorIs(t, p.auditAs(manifest), ErrInvalid, member)
	}
	p = base().copy()
	p.put("generators.json", []byte("{}"))
	require.Contains(t, p.failed(t, CheckFiles), "generators.json")
}

func TestAttack05ManifestCannotWeakenParameters(t *testing.T) {
	p := base().copy()
	for from, to := range map[string]string{
		`"threshold":2`:         `"threshold":1`,
		`"trustees":[`:          `"quorum":1,"trustees":[`,
		`"scrutin/manifest/v1"`: `"scrutin/manifest/v0"`,
	} {
		manifest := bytes.Replace(p.Manifest.Bytes(), []byte(from), []byte(to), 1)
		require.NotEqual(t, p.Manifest.Bytes(), manifest, from)
		require.ErrorIs(t, p.auditAs(manifest), ErrInvalid, to)
	}
}

// TestAttack07AlteredBallotIsNamedAndTheRestCounted adds 1 to a vote in the log.
func TestAttack07AlteredBallotIsNamedAndTheRestCounted(t *testing.T) {
	p := bare()
	b, err := ballot.ParseBallot(p.Manifest, p.entries[1])
	require.NoError(t, err)
	was := b.Ciphertexts()[0]
	more := was
	more.B.Add(&more.B, babyjub.NewGenerator())
	from, to := was.Bytes(), more.Bytes()
	altered := bytes.Replace(p.entries[1], from[:], to[:], 1)
	require.NotEqual(t, p.entries[1], altered)

	p.logged(t, true, p.entries[0], altered, p.entries[2])
	r := p.audit(t)
	require.Equal(t, []Check{CheckBallot}, r.Failed())
	require.EqualValues(t, 1, r.Invalid)
	require.EqualValues(t, 1, r.InvalidEntries[0].Index)
	require.ErrorIs(t, r.InvalidEntries[0].Err, ballot.ErrInvalid)
	require.EqualValues(t, 3, r.Logged)
	require.EqualValues(t, 2, r.Counted)
	require.Empty(t, r.Stage)

	_, err = p.run.trustees[1].Endorse(r)
	require.ErrorIs(t, err, ErrInvalid)
	_, err = r.Open(context.Background())
	require.ErrorIs(t, err, ErrInvalid)
}

// TestAttack07TorsionInABallotChangesNoSum puts points of small order into ciphertexts.
func TestAttack07TorsionInABallotChangesNoSum(t *testing.T) {
	p := base()
	clean, dirty := newAggregate(1), newAggregate(1)
	key := p.Manifest.PublicKey()
	r := new(babyjub.Scalar).SetUint64(12345)
	for i, torsion := range babyjubtest.Torsion() {
		c := key.Encrypt(uint64(i), r)
		clean.add([]elgamal.Ciphertext{c}, 3)
		c.A.Add(&c.A, &torsion)
		c.B.Sub(&c.B, &torsion)
		dirty.add([]elgamal.Ciphertext{c}, 3)
	}
	a, b := clean.sums()[0], dirty.sums()[0]
	require.True(t, a.Equal(&b))
	require.True(t, b.A.InSubgroup() && b.B.InSubgroup())
}

// opening returns a report of base that awaits shares, and everybody's shares.
func opening(t *testing.T) (*Report, []*Share) {
	t.Helper()
	p := base()
	r := p.audit(t)
	require.NoError(t, r.Err())
	return r, []*Share{nil, p.share(t, 1), p.share(t, 2), p.share(t, 3), p.share(t, 4)}
}

func (s *Share) clone() *Share {
	c, err := ParseShare(s.Bytes())
	if err != nil {
		panic(err)
	}
	return c
}

func TestAttack09AlteredShareIsRefusedByName(t *testing.T) {
	ctx := context.Background()
	r, shares := opening(t)
	for name, alter := range map[string]func(s *Share){
		"point":              func(s *Share) { s.opening.D[0].Add(&s.opening.D[0], babyjub.NewGenerator()) },
		"point with torsion": func(s *Share) { s.opening.D[0].Add(&s.opening.D[0], &babyjubtest.Torsion()[4]) },
		"identity":           func(s *Share) { s.opening.D[0].SetIdentity() },
		"points exchanged":   func(s *Share) { s.opening.D[0], s.opening.D[1] = s.opening.D[1], s.opening.D[0] },
		"a point less":       func(s *Share) { s.opening.D = s.opening.D[1:] },
		"a point more":       func(s *Share) { s.opening.D = append(s.opening.D, s.opening.D[0]) },
		"no points":          func(s *Share) { s.opening.D = nil },
		"proof R1":           func(s *Share) { s.opening.Proof.R1.Double(&s.opening.Proof.R1) },
		"proof R2":           func(s *Share) { s.opening.Proof.R2.Double(&s.opening.Proof.R2) },
		"proof z":            func(s *Share) { s.opening.Proof.Z.Neg(&s.opening.Proof.Z) },
		"another's index":    func(s *Share) { s.Trustee = 2 },
		"another's opening":  func(s *Share) { s.opening = shares[1].opening },
		"election":           func(s *Share) { s.Election[0] ^= 1 },
		"checkpoint":         func(s *Share) { s.Checkpoint[0] ^= 1 },
		"sums":               func(s *Share) { s.Aggregate[0] ^= 1 },
		"index 0":            func(s *Share) { s.Trustee = 0 },
		"index above":        func(s *Share) { s.Trustee = 5 },
		"a negative index":   func(s *Share) { s.Trustee = -1 },
		"index far above":    func(s *Share) { s.Trustee = math.MaxInt },
		"index plus a half":  func(s *Share) { s.Trustee += 1 << (bits.UintSize / 2) },
	} {
		s := shares[3].clone()
		alter(s)
		_, err := r.Open(ctx, shares[1], s)
		require.Error(t, err, name)
		require.Contains(t, err.Error(), fmt.Sprintf("trustee %d", s.Trustee), name)
		if s.Subject != r.Subject() {
			require.ErrorIs(t, err, ErrForeign, name)
		}
	}
	_, err := r.Open(ctx, shares[1], nil)
	require.ErrorIs(t, err, ErrMalformed)
	result, err := r.Open(ctx, shares[1], shares[3])
	require.NoError(t, err)
	require.Equal(t, base().result.Bytes(), result.Bytes())

	// In a record: under another trustee's name, and altered.
	p := base().copy()
	p.files[ShareFile(3)] = p.files[ShareFile(1)]
	require.Contains(t, p.failed(t, CheckShares), "of trustee 3 (\"T3\"): more than once: it holds what trustee 1 made")
	p = base().copy()
	p.files[EndorsementFile(3)] = p.files[EndorsementFile(1)]
	require.Contains(t, p.failed(t, CheckEndorsements), "of trustee 3 (\"T3\"): more than once: it holds what trustee 1 made")
}

// TestAttack09ShareOfAnotherElectionIsForeign replays shares between elections.
func TestAttack09ShareOfAnotherElectionIsForeign(t *testing.T) {
	other := newPoll(t, electiontest.Config{})
	other.counted(t, other.ballots(t, 2)...)
	r, shares := opening(t)
	_, err := r.Open(context.Background(), shares[1], other.share(t, 2))
	require.ErrorIs(t, err, ErrForeign)
	require.Contains(t, err.Error(), "trustee 2")

	p := base().copy()
	p.files[ShareFile(2)] = other.files[ShareFile(2)]
	require.Contains(t, p.failed(t, CheckShares), `trustee 2 ("T2")`)
	p = base().copy()
	p.files[EndorsementFile(2)] = other.files[EndorsementFile(2)]
	require.Contains(t, p.failed(t, CheckEndorsements), `trustee 2 ("T2")`)
}

func TestAttack10OneTrusteeCountsOnce(t *testing.T) {
	r, shares := opening(t)
	_, err := r.Open(context.Background(), shares[2], shares[2])
	require.ErrorIs(t, err, ErrDuplicate)
	_, err = r.Open(context.Background(), shares[2], shares[2].clone())
	require.ErrorIs(t, err, ErrDuplicate)
	require.Contains(t, err.Error(), "trustee 2")

	// Copies of one share, or of one endorsement, in the files of others.
	p := base().copy()
	for j := 2; j <= 4; j++ {
		p.files[ShareFile(j)] = p.files[ShareFile(1)]
	}
	delete(p.files, ResultFile)
	r = p.audit(t)
	require.Equal(t, []Check{CheckShares}, r.Failed())
	require.Equal(t, []int{1}, r.Shared)
	require.Nil(t, r.Result)

	p = bare()
	p.files[EndorsementFile(1)] = base().files[EndorsementFile(1)]
	for j := 2; j <= 4; j++ {
		p.files[EndorsementFile(j)] = p.files[EndorsementFile(1)]
	}
	r = p.audit(t)
	require.Equal(t, []Check{CheckEndorsements}, r.Failed())
	require.Equal(t, []int{1}, r.Endorsed)
	require.Equal(t, AwaitingEndorsements, r.Stage)
}

// TestAttack14CeremonyThatDiffersInOneMessageOpensNothing gives the auditor the transcript of a
// ceremony of the same roster in which one dealer dealt something else.
func TestAttack14CeremonyThatDiffersInOneMessageOpensNothing(t *testing.T) {
	p := base().copy()
	c, err := NewCeremony(p.run.c.Roster())
	require.NoError(t, err)
	other := &run{
		t: t, dir: p.run.dir, c: c, organiser: p.run.organiser, trustees: p.run.trustees,
		act: map[seat]act{}, corrupt: map[int]bool{1: true, 2: true, 3: true, 4: true}, // they sign a second ceremony
	}
	other.deals(2, func(r *run) []byte { return r.dealOf(2, small(3), small(5)) })
	other.play()
	require.True(t, c.Status().Done)
	require.NotEqual(t, p.Manifest.Ceremony(), other.digest())

	p.put(CeremonyFile, c.Transcript())
	require.Contains(t, p.failed(t, CheckCeremony), fmt.Sprintf("%x", p.Manifest.Ceremony()))
	r := p.audit(t)
	_, err = r.Open(context.Background(), p.share(t, 1), p.share(t, 2))
	require.ErrorIs(t, err, ErrInvalid)
	for _, trustee := range p.run.trustees[1:] {
		_, err := trustee.Share(r)
		require.Error(t, err)
	}
	require.Nil(t, r.Result)
}

func TestAttack16ThresholdAndQuorumAreExact(t *testing.T) {
	ctx := context.Background()
	p := newPoll(t, electiontest.Config{Voters: 2, Trustees: 5, Threshold: 3})
	require.Equal(t, 4, p.Manifest.Quorum())
	p.logged(t, true, p.ballots(t, 2)...)
	p.endorsed(t, 1, 2, 5)
	r := p.audit(t)
	require.Equal(t, AwaitingEndorsements, r.Stage)
	_, err := p.run.trustees[1].Share(r)
	require.ErrorIs(t, err, ErrMissing)
	_, err = makeShare(r, 1, p.run.share(1))
	require.ErrorIs(t, err, ErrMissing)
	p.endorsed(t, 4)
	shares := p.shares(t)
	_, err = r.Open(ctx, shares...)
	require.ErrorIs(t, err, ErrMissing, "good shares, and a report of three endorsements")
	require.Contains(t, err.Error(), "3 trustees endorsed")
	r = p.audit(t)
	require.Equal(t, AwaitingShares, r.Stage)
	for _, few := range [][]*Share{nil, shares[:1], shares[:2], shares[3:]} {
		_, err = r.Open(ctx, few...)
		require.ErrorIs(t, err, ErrMissing)
	}
	want, err := r.Open(ctx, shares[:3]...)
	require.NoError(t, err)
	for _, enough := range [][]*Share{shares[2:], shares[1:], shares, {shares[4], shares[0], shares[2]}} {
		result, err := r.Open(ctx, enough...)
		require.NoError(t, err)
		require.Equal(t, string(want.Bytes()), string(result.Bytes()))
	}

	// Shares in a record without the quorum's endorsements are a failure, not a result.
	for _, s := range shares {
		p.put(ShareFile(s.Trustee), s.Bytes())
	}
	require.NoError(t, p.audit(t).Err())
	delete(p.files, EndorsementFile(4))
	require.Contains(t, p.failed(t, CheckShares), "not enough trustees")
	require.Nil(t, p.audit(t).Result)
}

// TestAttack19OptionsSwapped republishes the log under a manifest in which "yes" and "no" have
// changed places, with everything that hangs on the manifest made anew.
func TestAttack19OptionsSwapped(t *testing.T) {
	p := bare()
	manifest := p.Manifest.Bytes()
	for _, swap := range [][2]string{{`"id":"yes"`, `"id":"#"`}, {`"id":"no"`, `"id":"yes"`}, {`"id":"#"`, `"id":"no"`}} {
		manifest = bytes.Replace(manifest, []byte(swap[0]), []byte(swap[1]), 1)
	}
	m, err := ballot.ParseManifest(manifest)
	require.NoError(t, err)
	require.NotEqual(t, p.Manifest.ID(), m.ID())
	p.Manifest = asManifest(p, m)
	p.put(ManifestFile, manifest)
	var signatures []ballot.Signature
	for j := 1; j <= 4; j++ {
		signatures = append(signatures, ballot.SignElection(m, j, &p.run.vault(j).x))
	}
	b, err := ballot.MarshalSignatures(signatures)
	require.NoError(t, err)
	p.put(SignaturesFile, b)
	p.logged(t, true, p.entries...)
	p.failed(t, CheckBallot)
	require.EqualValues(t, 4, p.audit(t).Invalid)

	// With the election id inside the ballots replaced as well.
	was, is := base().Manifest.ID(), m.ID()
	var entries [][]byte
	for _, raw := range p.entries {
		entries = append(entries, bytes.ReplaceAll(raw, was[:], is[:]))
	}
	p.logged(t, true, entries...)
	p.failed(t, CheckBallot)
	require.EqualValues(t, 4, p.audit(t).Invalid)
}

// asManifest gives a copy of the poll another manifest.
func asManifest(p *poll, m *ballot.Manifest) *ballot.Manifest {
	e := *p.Election
	e.Manifest = m
	p.Election = &e
	return m
}

// TestAttack26TotalsBeyondTheBoundAreRefused opens sums that no ballots give.
func TestAttack26TotalsBeyondTheBoundAreRefused(t *testing.T) {
	p := base()
	key, one := p.Manifest.PublicKey(), new(babyjub.Scalar).SetUint64(1)
	open := func(total uint64) error {
		r := *p.audit(t)
		r.sums = slices.Clone(r.sums)
		c := key.Encrypt(total, one)
		r.sums[0].MulByCofactor(&c)
		r.subject.Aggregate = aggregateDigest(r.Election, r.subject.Checkpoint, r.Counted, r.CountedWeight, r.sums)
		var shares []*Share
		for j := 1; j <= 2; j++ {
			s, err := makeShare(&r, j, p.run.share(j))
			require.NoError(t, err)
			shares = append(shares, s)
		}
		_, err := r.Open(context.Background(), shares...)

		// An audit that meets such sums finds no result, and says so, whatever the record claims.
		r.shares = shares
		a := &auditor{Report: &r, claim: submitted{err: fs.ErrNotExist}}
		audited := a.checkResult(context.Background())
		require.Equal(t, err != nil, audited != nil && !errors.Is(audited, errIncomplete))
		return err
	}
	// The treaty has three counters of 3 bits for 5 voters: yes, no, blank.
	require.NoError(t, open(3|1<<3|0<<6))
	require.ErrorIs(t, open(3|1<<3|1<<6), ErrInvalid, "more votes than ballots")
	require.ErrorIs(t, open(6), ErrInvalid, "a counter above the total weight")
	require.ErrorContains(t, open(6), "a counter of 6, which is above 5")
	require.ErrorIs(t, open(1<<9), ErrInvalid, "a total beyond its counters")
	require.ErrorContains(t, open(1<<9), "its total 512 is larger than its counters can be")
	require.ErrorIs(t, open(1<<43), ErrInvalid, "far beyond")
}

func TestAttack29ResultByDecree(t *testing.T) {
	p := base().copy()
	p.alter(ResultFile, func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"option":"yes","total":2`), []byte(`"option":"yes","total":9`), 1)
	})
	require.Contains(t, p.failed(t, CheckResult), `question "treaty" has other counts than the recount`)
	require.EqualValues(t, 2, p.audit(t).Result.Questions[0].Of("yes"), "the report has the recount")

	p = base().copy()
	p.alter(ResultFile, func(b []byte) []byte {
		return bytes.Replace(b, []byte(`[["yes"],["no"]]`), []byte(`[["no"],["yes"]]`), 1)
	})
	require.Contains(t, p.failed(t, CheckResult), "order")
	p = base().copy()
	p.alter(ResultFile, func(b []byte) []byte { return bytes.Replace(b, []byte(`"ballots":4`), []byte(`"ballots":5`), 1) })
	require.Contains(t, p.failed(t, CheckResult), "5 ballots")
	p = base().copy()
	p.put(ResultFile, []byte("yes wins"))
	p.failed(t, CheckResult)
	for name, c := range map[string]struct {
		edit func(r *Result)
		says string
	}{
		"no questions": {func(r *Result) { r.Questions = nil }, "0 questions"},
		"one less":     {func(r *Result) { r.Questions = r.Questions[:1] }, "1 questions"},
		"one more":     {func(r *Result) { r.Questions = append(r.Questions, r.Questions[0]) }, "3 questions"},
		"exchanged":    {func(r *Result) { r.Questions[0], r.Questions[1] = r.Questions[1], r.Questions[0] }, "other counts"},
		"election":     {func(r *Result) { r.Election[0] ^= 1 }, "names election"},
		"checkpoint":   {func(r *Result) { r.Checkpoint[0] ^= 1 }, "names checkpoint"},
		"sums":         {func(r *Result) { r.Aggregate[0] ^= 1 }, "names the sums"},
	} {
		claim, err := parseClaim(base().files[ResultFile].Data)
		require.NoError(t, err)
		c.edit(claim)
		p = base().copy()
		p.put(ResultFile, claim.Bytes())
		require.Contains(t, p.failed(t, CheckResult), c.says, name)
	}

	// A result with no shares, or too few, behind it.
	p = bare()
	p.files[ResultFile] = base().files[ResultFile]
	require.Contains(t, p.failed(t, CheckResult), "without the shares that prove it")
	for j := 1; j <= 4; j++ {
		p.files[EndorsementFile(j)] = base().files[EndorsementFile(j)]
	}
	p.files[ShareFile(1)] = base().files[ShareFile(1)]
	require.Contains(t, p.failed(t, CheckResult), "1 of 2")
}

func TestAttack29PollReopened(t *testing.T) {
	// A ballot after the seal, with and without a new checkpoint.
	p := base().copy()
	late := p.Ballot(t, 4, 0, 0).Bytes()
	p.logged(t, true, append(slices.Clone(p.entries), late)...)
	r := p.audit(t)
	require.Equal(t, []Check{CheckEndorsements, CheckShares, CheckResult}, r.Failed())
	require.Contains(t, r.Err().Error(), "it names checkpoint")
	for j := 1; j <= 4; j++ {
		_, err := p.run.trustees[j].Endorse(bareReport(t, p))
		require.ErrorIs(t, err, ErrRefused)
	}
	p.files["log/checkpoint"] = base().files["log/checkpoint"]
	p.failed(t, CheckLog)
}

// bareReport audits p without what trustees added.
func bareReport(t *testing.T, p *poll) *Report {
	t.Helper()
	q := p.copy()
	for name := range q.files {
		if strings.HasPrefix(name, SharesDir+"/") || name == ResultFile {
			delete(q.files, name)
		}
	}
	r := q.audit(t)
	require.NoError(t, r.Err())
	return r
}

func TestAttack29ManifestChangedAfterOpening(t *testing.T) {
	p := base().copy()
	manifest := bytes.Replace(p.Manifest.Bytes(), []byte("Assembly"), []byte("Assemble"), 1)
	p.put(ManifestFile, manifest)
	r, err := Audit(context.Background(), p.files, p.Manifest.ID(), accept)
	require.Nil(t, r)
	require.ErrorIs(t, err, ErrForeign)
	require.Error(t, p.auditAs(manifest), "and the new one has no signatures")
}

// TestAttack33SharesOfTwoHeadsDoNotCombine has the operator seal two logs that differ in one
// ballot, and two trustees who would open both.
func TestAttack33SharesOfTwoHeadsDoNotCombine(t *testing.T) {
	ctx := context.Background()
	long, short := bare(), bare()
	short.logged(t, true, short.entries[:3]...)
	reports := map[*poll]*Report{}
	for _, p := range []*poll{long, short} {
		for j := 1; j <= 4; j++ {
			e, err := endorse(p.audit(t), j, &p.run.vault(j).x) // as no honest trustee does twice
			require.NoError(t, err)
			p.put(EndorsementFile(j), e.Bytes())
		}
		reports[p] = p.audit(t)
		require.Equal(t, AwaitingShares, reports[p].Stage)
	}
	share := func(p *poll, j int) *Share {
		s, err := makeShare(reports[p], j, p.run.share(j))
		require.NoError(t, err)
		return s
	}
	for _, p := range []*poll{long, short} {
		_, err := reports[p].Open(ctx, share(long, 1), share(short, 2))
		require.ErrorIs(t, err, ErrForeign)
	}
	// Renaming the share does not help: its proof is bound to the head.
	s := share(short, 2)
	s.Subject = reports[long].Subject()
	_, err := reports[long].Open(ctx, share(long, 1), s)
	require.ErrorIs(t, err, ErrInvalid)

	// The same head with other sums, such as those of one question alone.
	part := *reports[long]
	part.sums = part.sums[:1]
	part.subject.Aggregate = aggregateDigest(part.Election, part.subject.Checkpoint, part.Counted, part.CountedWeight, part.sums)
	require.NotEqual(t, reports[long].subject.Aggregate, part.subject.Aggregate)
	_, err = long.run.trustees[1].Share(&part)
	require.ErrorIs(t, err, ErrRefused)
	partial, err := makeShare(&part, 1, long.run.share(1))
	require.NoError(t, err)
	_, err = reports[long].Open(ctx, partial, share(long, 2))
	require.ErrorIs(t, err, ErrForeign)
}

// TestAttack35OneKeyForTwoElections makes a second manifest for the key of the first.
func TestAttack35OneKeyForTwoElections(t *testing.T) {
	p := base().copy()
	manifest := bytes.Replace(p.Manifest.Bytes(), []byte("Assembly"), []byte("Senate"), 1)
	m, err := ballot.ParseManifest(manifest)
	require.NoError(t, err)
	for _, trustee := range p.run.trustees[1:] {
		_, err := trustee.SignManifest(p.run.c, m)
		require.ErrorIs(t, err, ErrRefused)
	}
	asManifest(p, m)
	p.put(ManifestFile, manifest)
	p.logged(t, true, p.Ballot(t, 0, 0, 0).Bytes())
	p.failed(t, CheckSignatures)
}

func TestAttack37CensusThatIsNotTheManifests(t *testing.T) {
	p := newPoll(t, electiontest.Config{Weights: []uint64{3, 3, 9, 20}, Edit: func(d *ballot.Draft) { d.Census.MinimumClass = 1 }})
	p.logged(t, true)
	require.NoError(t, p.audit(t).Err())
	members := func(yield func(census.Member, error) bool) {
		for i, id := range p.Identities {
			if !yield(census.Member{Commitment: id.Commitment(), Weight: []uint64{3, 3, 9, 20}[i]}, nil) {
				return
			}
		}
	}
	tile := "census/tile/0/000"
	record := 40 // commitment and weight

	q := p.copy() // one commitment twice, under its own and another weight
	q.alter(tile, func(b []byte) []byte { copy(b[record:], b[:32]); return b })
	require.Contains(t, q.failed(t, CheckCensus), "duplicate")
	q = p.copy()
	q.alter(tile, func(b []byte) []byte { copy(b[2*record:], b[:32]); return b })
	require.Contains(t, q.failed(t, CheckCensus), "duplicate")
	for _, weight := range []byte{0, 4, 255} {
		q = p.copy()
		q.alter(tile, func(b []byte) []byte { b[record-1] = weight; return b })
		q.failed(t, CheckCensus)
	}
	q = p.copy() // r - 1, cut to what fits
	q.alter(tile, func(b []byte) []byte { copy(b[32:record], bytes.Repeat([]byte{255}, 8)); return b })
	q.failed(t, CheckCensus)

	// A whole census that is right in itself, with more weight than the manifest declares.
	dir := t.TempDir()
	tree, err := census.BuildWeighted(context.Background(), 16, func(yield func(census.Member, error) bool) {
		for m := range members {
			m.Weight *= 2
			if !yield(m, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	require.NoError(t, tree.Export(dir+"/census"))
	q = p.copy()
	for name, f := range load(t, os.DirFS(dir)) {
		q.files[name] = f
	}
	q.failed(t, CheckCensus)

	// A manifest that states another size, weight or smallest class than its root has.
	for name, edit := range map[string]func(d *ballot.Draft){
		"size":          func(d *ballot.Draft) { d.Census.Size++ },
		"total weight":  func(d *ballot.Draft) { d.Census.TotalWeight++ },
		"depth":         func(d *ballot.Draft) { d.Census.Depth++ },
		"minimum class": func(d *ballot.Draft) { d.Census.MinimumClass = 2 },
	} {
		q := newPoll(t, electiontest.Config{Weights: []uint64{3, 3, 9}, Edit: edit})
		q.logged(t, true)
		require.NotEmpty(t, q.failed(t, CheckCensus), name)
	}
}

func TestAttack38OnePartySetUpIsAcceptedByChoiceAndNamed(t *testing.T) {
	p := base()
	for name, opts := range map[string]*AuditOptions{
		"no options":         nil,
		"no choice":          {},
		"another provenance": {AcceptKeys: []string{"a ceremony of 400"}},
	} {
		r, err := Audit(context.Background(), p.files, p.Manifest.ID(), opts)
		require.NoError(t, err)
		require.Equal(t, []Check{CheckVerifyingKey}, r.Failed(), name)
		require.ErrorIs(t, r.Err(), ballot.ErrUnknownKey)
		require.Contains(t, r.Err().Error(), proof.OneParty)
		require.Contains(t, r.Err().Error(), "AuditOptions.AcceptKeys")
		require.Zero(t, r.Counted)
		require.Nil(t, r.Result)
	}
	for _, r := range []*Report{p.audit(t), bare().audit(t)} {
		var text bytes.Buffer
		require.NoError(t, r.WriteText(&text))
		require.Regexp(t, `(?m)^set-up +`+proof.OneParty+`$`, text.String())
	}
}

// A key of a set-up ceremony is accepted after the auditor's function has replayed that, and not otherwise.
func TestAttack38SetUpIsReplayedBeforeItsKeyIsAccepted(t *testing.T) {
	p := base()
	asked := 0
	errNot := errors.New("0002.contribution is missing")
	audit := func(result error, provenances ...string) (*Report, error) {
		return Audit(context.Background(), p.files, p.Manifest.ID(), &AuditOptions{
			AcceptKeys: provenances,
			CheckSetUp: func(_ context.Context, m *ballot.Manifest, key *proof.VerifyingKey) error {
				asked++
				require.Equal(t, p.Manifest.ID(), m.ID())
				require.Equal(t, m.Membership().VerifyingKey, key.Digest())
				return result
			},
		})
	}
	r, err := audit(nil)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.Equal(t, 1, asked)
	require.NotZero(t, r.Counted)

	r, err = audit(errNot)
	require.NoError(t, err)
	require.Equal(t, []Check{CheckVerifyingKey}, r.Failed())
	require.ErrorIs(t, r.Err(), ballot.ErrUnknownKey)
	require.ErrorIs(t, r.Err(), errNot)
	require.Zero(t, r.Counted)
	require.Nil(t, r.Result)

	asked = 0
	r, err = audit(errNot, proof.OneParty)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.Zero(t, asked, "the auditor's choice decides")

	// A file that is missing, or none, is one.
	for _, wrong := range []error{fs.ErrNotExist, syscall.ENOTDIR, syscall.ELOOP} {
		r, err = audit(&fs.PathError{Op: "open", Path: "transcript.json", Err: wrong})
		require.NoError(t, err)
		require.Equal(t, []Check{CheckVerifyingKey}, r.Failed())
	}

	// A disk that fails is no verdict.
	_, err = audit(&fs.PathError{Op: "read", Path: "start", Err: errors.New("input/output error")})
	require.ErrorContains(t, err, "input/output error")
}

// TestAttack46FabricatedRecord audits a whole record that is right in itself, of an election that
// somebody made up.
func TestAttack46FabricatedRecord(t *testing.T) {
	fabricated, real := base(), newPoll(t, electiontest.Config{})
	r, err := Audit(context.Background(), fabricated.files, real.Manifest.ID(), accept)
	require.Nil(t, r)
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorIs(t, err, ErrForeign)
	require.Contains(t, err.Error(), real.Manifest.ID().String())
	require.Contains(t, err.Error(), fabricated.Manifest.ID().String())
}
