package box

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/proof"
)

func threeBoxes(tb testing.TB, c electiontest.Config) *stage {
	c.Boxes, c.Copies = 3, 2
	return newStage(tb, c)
}

// What an honest voter cast at two boxes counts once, whatever one box does.
func TestMergeCountsEachVoterOnce(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 4, Revotes: 2})
	a, b, c, d := s.Ballot(t, 0, 0, 0), s.Ballot(t, 1, 0, 1), s.Ballot(t, 2, 0, 2), s.Ballot(t, 3, 0, 3)
	logs := []*Log{s.log(t, 1, a, b), s.log(t, 2, b, c, a), s.log(t, 3, c, d, b)}
	r := s.merge(t, logs...)
	requireCounted(t, r, a, b, c, d)
	require.NoError(t, r.Complete())
	require.EqualValues(t, 4, r.Ballots)
	require.EqualValues(t, 4, r.Voters)
	require.Zero(t, r.Superseded)
	require.Zero(t, r.Conflicting)
	for i, want := range []BoxReport{
		{Box: 1, Origin: electiontest.Origin, Logged: 2, Ballots: 2, Only: 0, Lacks: 2},
		{Box: 2, Origin: electiontest.Origin + "/2", Logged: 3, Ballots: 3, Only: 0, Lacks: 1},
		{Box: 3, Origin: electiontest.Origin + "/3", Logged: 3, Ballots: 3, Only: 1, Lacks: 1},
	} {
		want.State, want.Checkpoint = BoxSealed, logs[i].Checkpoint()
		require.Equal(t, want, r.Boxes[i])
	}

	var places []Place
	for c, err := range r.Counted(context.Background()) {
		require.NoError(t, err)
		places = append(places, c.Place)
	}
	require.Equal(t, []Place{{1, 0}, {1, 1}, {2, 1}, {3, 1}}, places, "from the lowest box that holds it")
	for range r.Counted(context.Background()) {
		break // an iterator may be left
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range r.Counted(ctx) {
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestMergeDigestCoversTheCheckpointsInTheManifestsOrder(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{})
	logs := []*Log{s.log(t, 1, s.Ballot(t, 0, 0, 0)), s.log(t, 2), s.log(t, 3, s.Ballot(t, 1, 0, 0))}
	id, one, two, three := s.Manifest.ID(), logs[0].Checkpoint().Digest(), logs[1].Checkpoint().Digest(), logs[2].Checkpoint().Digest()
	require.Equal(t, transcript.Digest("merge", id[:], one[:], two[:], three[:]), s.merge(t, logs...).Digest())
	require.Equal(t, transcript.Digest("merge", id[:], one[:], nil, three[:]), s.merge(t, logs[0], logs[2]).Digest())

	alone := newStage(t, electiontest.Config{})
	l := alone.log(t, 1, alone.Ballot(t, 0, 0, 0))
	require.Equal(t, l.Checkpoint().Digest(), alone.merge(t, l).Digest(), "with one box nothing is new")
}

// One box dropped ballots, one got everything late and in another order, one stopped.
func TestMergeOfBoxesThatDropDelayAndStop(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 4, Revotes: 2})
	first := s.Ballot(t, 0, 0, 0)
	second := s.Ballot(t, 0, 1, 1)
	b, c, d := s.Ballot(t, 1, 0, 1), s.Ballot(t, 2, 0, 2), s.Ballot(t, 3, 0, 3)

	drops := s.log(t, 1, first)
	late := s.log(t, 2, d, first, second, c, b)
	stopped := s.opened(t, s.published(t, 3, "", raws([]*ballot.Ballot{first, b})...))
	r := s.merge(t, drops, late, stopped)
	requireCounted(t, r, second, b, c, d)
	require.NoError(t, r.Complete(), "with two copies one box may be missing")
	require.Equal(t, BoxOpen, r.Boxes[2].State)
	require.EqualValues(t, 4, r.Boxes[0].Lacks)
	require.EqualValues(t, 3, r.Boxes[1].Only)
	require.EqualValues(t, 1, r.Superseded)

	r = s.merge(t, stopped, drops)
	requireCounted(t, r, first, b)
	require.ErrorIs(t, r.Complete(), ballot.ErrInvalid)
	require.ErrorContains(t, r.Complete(), "box 2 (log.example.org/box/2) is absent; box 3 (log.example.org/box/3) is open")
	require.Equal(t, BoxReport{Box: 2, Origin: electiontest.Origin + "/2", State: BoxAbsent}, r.Boxes[1])

	r = s.merge(t, s.log(t, 1, first), s.log(t, 2))
	require.NoError(t, r.Complete(), "an absent box is one that is missing")
}

// A voter who was served by boxes 1 and 2 votes again while 1 is down, and again while 2 is.
func TestReVotesAtOtherBoxesAreNotLockedOut(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 2, Revotes: 4})
	boxes := s.openAll(t)
	ballots := []*ballot.Ballot{s.Ballot(t, 0, 0, 0), s.Ballot(t, 0, 1, 1), s.Ballot(t, 0, 2, 2), s.Ballot(t, 0, 3, 3)}
	for n, at := range [][]int{{0, 1}, {1, 2}, {0, 2}, {1, 2}} {
		for _, i := range at {
			receipt := s.cast(t, boxes[i], ballots[n])
			require.Equal(t, i+1, receipt.Checkpoint.Box)
			parsed, err := ParseReceipt(s.Manifest, receipt.Bytes())
			require.NoError(t, err)
			require.Equal(t, receipt.Bytes(), parsed.Bytes())
			require.Equal(t, i+1, parsed.Checkpoint.Box)
		}
	}
	s.cast(t, boxes[0], ballots[2]) // the same bytes get their receipt
	refusal := s.refused(t, boxes[2], ballots[0].Bytes(), ballot.ErrSequence)
	require.Contains(t, string(refusal.Note), electiontest.Origin+"/3/")
	read, err := VerifyRefusal(s.Manifest, refusal.Note)
	require.NoError(t, err)
	require.Equal(t, refusal, read)
	require.Equal(t, 3, read.Box)

	logs := s.sealAll(t, boxes)
	permutations(logs, func(logs []*Log) {
		r := s.merge(t, logs...)
		requireCounted(t, r, ballots[3])
		require.EqualValues(t, 3, r.Superseded)
		require.Zero(t, r.Conflicting)
		require.NoError(t, r.Complete())
	})
	requireCounted(t, s.merge(t, logs[0]), ballots[2])
}

// openAll opens all boxes of the election.
func (s *stage) openAll(tb testing.TB) []*Box {
	var out []*Box
	for n := range s.Manifest.Logs() {
		c := s.config()
		c.Key = s.LogKeys[n]
		x, err := Open(fmt.Sprintf("%s/%d", s.dir, n+1), s.Manifest, c)
		require.NoError(tb, err)
		tb.Cleanup(func() { x.Close() })
		require.Equal(tb, n+1, x.Checkpoint().Box)
		out = append(out, x)
	}
	return out
}

// sealAll seals and publishes all boxes.
func (s *stage) sealAll(tb *testing.T, boxes []*Box) []*Log {
	var out []*Log
	for _, x := range boxes {
		s.seal(tb, x)
		dir := tb.TempDir()
		require.NoError(tb, x.Export(dir))
		l, err := OpenLog(mapFS(filesOf(tb, dir)), s.Manifest)
		require.NoError(tb, err)
		out = append(out, l)
	}
	return out
}

// The directory of one box is not opened as another's, nor published over it.
func TestBoxesDoNotTakeEachOthersPlace(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{})
	boxes := s.openAll(t)
	s.cast(t, boxes[0], s.Ballot(t, 0, 0, 0))
	dir := t.TempDir()
	require.NoError(t, boxes[1].Export(dir))
	require.ErrorIs(t, boxes[0].Export(dir), ballot.ErrInvalid)
	require.NoError(t, boxes[0].Close())

	c := s.config()
	c.Key = s.LogKeys[1]
	_, err := Open(s.dir+"/1", s.Manifest, c)
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, "it is of box 1")
	c.Key = s.LogKeys[0]
	x, err := Open(s.dir+"/1", s.Manifest, c)
	require.NoError(t, err)
	require.NoError(t, x.Close())
	c.Key = newStage(t, electiontest.Config{}).LogKey
	_, err = Open(s.dir+"/1", s.Manifest, c)
	require.ErrorContains(t, err, "one of its logs")
}

// A note under one box's name is that box's, and no other's signature helps.
func TestBoxesDoNotSignForEachOther(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{})
	files := s.published(t, 1, closedLine)
	other := s.published(t, 2, closedLine)
	text := func(f fstest.MapFS) []byte {
		text, _, _ := bytes.Cut(f[checkpointName].Data, []byte("\n\n"))
		return append(text, "\n\n"...)
	}
	signatures := func(f fstest.MapFS) []byte { return f[checkpointName].Data[len(text(f)):] }
	_, err := ParseCheckpoint(s.Manifest, slices.Concat(text(files), signatures(other)))
	require.ErrorIs(t, err, ballot.ErrInvalid)
	c, err := ParseCheckpoint(s.Manifest, other[checkpointName].Data)
	require.NoError(t, err)
	require.Equal(t, 2, c.Box)
}

func TestAttack20MergeCountsTheNewestBallotWhereverAnOldOneIsReplayed(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 1, Revotes: 3})
	var ballots []*ballot.Ballot
	for i := range 4 {
		ballots = append(ballots, s.Ballot(t, 0, uint32(i), i))
	}
	boxes := s.openAll(t)
	s.cast(t, boxes[1], ballots[3])
	for _, old := range ballots[:3] { // by an eavesdropper, after the last one
		s.cast(t, boxes[0], old)
		s.cast(t, boxes[2], old)
		s.refused(t, boxes[1], old.Bytes(), ballot.ErrSequence)
	}
	r := s.merge(t, s.sealAll(t, boxes)...)
	requireCounted(t, r, ballots[3])
	require.EqualValues(t, 3, r.Superseded)
	require.Zero(t, r.Conflicting, "gaps are no conflict")

	// A box that logs against its own rules gains nothing.
	r = s.merge(t, s.log(t, 1, ballots[3], ballots[1], ballots[0], ballots[2]), s.log(t, 2), s.log(t, 3))
	requireCounted(t, r, ballots[3])
}

// A voter signed different ballots with one number, and gave them to different boxes.
func TestMergeOfAnEquivocatingVoter(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 3, Revotes: 2})
	twins := []*ballot.Ballot{s.Ballot(t, 0, 0, 0), s.Ballot(t, 0, 0, 1), s.Ballot(t, 0, 0, 2)}
	slices.SortFunc(twins, func(a, b *ballot.Ballot) int {
		x, y := a.Digest(), b.Digest()
		return bytes.Compare(x[:], y[:])
	})
	honest := s.Ballot(t, 1, 0, 0)
	for range 4 {
		rand.Shuffle(3, func(i, k int) { twins[i], twins[k] = twins[k], twins[i] })
		logs := []*Log{s.log(t, 1, twins[0], honest), s.log(t, 2, honest, twins[1]), s.log(t, 3, twins[2], twins[0])}
		first := slices.MinFunc(twins, func(a, b *ballot.Ballot) int {
			x, y := a.Digest(), b.Digest()
			return bytes.Compare(x[:], y[:])
		})
		r := s.merge(t, logs...)
		requireCounted(t, r, first, honest)
		require.EqualValues(t, 2, r.Conflicting)
		require.Len(t, r.Conflicts, 2)
		require.Equal(t, first.Bytes(), r.Conflicts[0].Ballots[0].Bytes())
		for _, c := range r.Conflicts {
			require.Equal(t, twins[0].Nullifier(), c.Nullifier)
			require.NotEqual(t, c.Ballots[0].Digest(), c.Ballots[1].Digest())
			for i, b := range c.Ballots {
				require.NoError(t, s.verifier.Verify(context.Background(), b), "the evidence stands by itself")
				require.Equal(t, c.Nullifier, b.Nullifier())
				require.Equal(t, b.Bytes(), logs[c.Places[i].Box-1].mustEntry(t, c.Places[i].Index))
			}
			require.Equal(t, c.Ballots[0].Sequence(), c.Ballots[1].Sequence())
		}
	}
	newer := s.Ballot(t, 0, 2, 0)
	r := s.merge(t, s.log(t, 1, newer, twins[1]), s.log(t, 2, twins[0]))
	requireCounted(t, r, newer)
	require.EqualValues(t, 1, r.Conflicting, "also when both were superseded")
}

func (l *Log) mustEntry(tb testing.TB, index uint64) []byte {
	raw, err := l.entry(index)
	require.NoError(tb, err)
	return raw
}

// Conflicts are counted without bound and described up to one.
func TestMergeDescribesAHundredConflicts(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 60})
	c := s.Credential(t, 0).Bytes()
	var twins []*ballot.Ballot
	for i := range maxListed + 3 {
		copied, err := ballot.ParseCredential(s.Manifest, c)
		require.NoError(t, err)
		sealed, err := copied.Encrypt(electiontest.Votes(i))
		require.NoError(t, err)
		b, err := sealed.Sign(0)
		require.NoError(t, err)
		twins = append(twins, b)
	}
	r := s.merge(t, s.log(t, 1, twins[:60]...), s.log(t, 2, twins[50:]...))
	require.EqualValues(t, maxListed+2, r.Conflicting)
	require.Len(t, r.Conflicts, maxListed)
	require.EqualValues(t, 1, r.Voters)
	require.EqualValues(t, maxListed+2, r.Superseded)
	require.EqualValues(t, 10, r.Boxes[0].Ballots-r.Boxes[0].Only)
}

func TestAttack22AVoterWithTwoKeysHasOneVote(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 2, Revotes: 2})
	honest, rekeyed := s.Ballot(t, 0, 1, 0), s.rekeyed(t, 0, 2, 1)
	require.NotEqual(t, honest.Pin(), rekeyed.Pin())
	r := s.merge(t, s.log(t, 1, honest), s.log(t, 2, rekeyed), s.log(t, 3))
	requireCounted(t, r, rekeyed)
	require.EqualValues(t, 1, r.Conflicting)
	require.Equal(t, [2]Place{{2, 0}, {1, 0}}, r.Conflicts[0].Places)

	fresh := s.Ballot(t, 0, 1, 0) // a fresh membership proof for the same key
	require.Equal(t, honest.Pin(), fresh.Pin())
	require.NotEqual(t, honest.Digest(), fresh.Digest())
	r = s.merge(t, s.log(t, 1, honest), s.log(t, 2, fresh))
	require.EqualValues(t, 1, r.Voters)
	require.EqualValues(t, 1, r.Conflicting)
}

// What a malicious box inserts is named, and counts for nothing.
func TestMergeNamesInvalidEntries(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 4, Revotes: 1})
	foreign := threeBoxes(t, electiontest.Config{Voters: 3, Revotes: 1})
	a, b, c := s.Ballot(t, 0, 0, 0), s.Ballot(t, 1, 0, 1), s.Ballot(t, 2, 0, 2)
	forged := bytes.Clone(b.Bytes())
	forged[len(forged)-1] ^= 1
	entries := [][]byte{a.Bytes(), forged, {}, []byte("noise"), foreign.Ballot(t, 0, 0, 0).Bytes(), a.Bytes(), b.Bytes()}
	files := s.published(t, 2, closedLine, entries...)
	logs := []*Log{s.log(t, 1, a, c), s.opened(t, files), s.log(t, 3, c, b)}
	permutations(logs, func(logs []*Log) {
		r := s.merge(t, logs...)
		requireCounted(t, r, a, b, c)
		require.Zero(t, r.Boxes[0].Invalid+r.Boxes[2].Invalid)
		require.EqualValues(t, 5, r.Boxes[1].Invalid)
		require.EqualValues(t, 7, r.Boxes[1].Logged)
		require.Zero(t, r.Conflicting)
		for i, want := range []struct {
			index uint64
			kind  error
		}{{1, ballot.ErrInvalid}, {2, ballot.ErrMalformed}, {3, ballot.ErrMalformed}, {4, ballot.ErrUnknownElection}, {5, ballot.ErrDuplicate}} {
			require.Equal(t, want.index, r.Boxes[1].InvalidEntries[i].Index)
			require.ErrorIs(t, r.Boxes[1].InvalidEntries[i].Err, want.kind)
		}
		require.NoError(t, r.Complete(), "with two copies one box may be at fault")
	})
	require.ErrorContains(t, s.merge(t, logs[:2]...).Complete(), "2 of 3 boxes are at fault, fewer than 2 are tolerated: box 2 (log.example.org/box/2) has 5 invalid entries, the first at index 1")

	s = threeBoxes(t, electiontest.Config{Voters: 3, Revotes: 999})
	r := s.merge(t, s.opened(t, s.published(t, 1, closedLine, slices.Repeat([][]byte{{1}}, 3000)...)))
	require.EqualValues(t, 3000, r.Boxes[0].Invalid)
	require.Len(t, r.Boxes[0].InvalidEntries, maxListed)
	require.EqualValues(t, 3000, r.Boxes[0].Logged)
}

func TestAttack06CopiedBallotsOfABoxAreInvalid(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 3})
	victim, thief := s.Ballot(t, 0, 0, 0).Bytes(), s.Ballot(t, 1, 0, 1).Bytes()
	head := 1 + 32 + 32 + 64 + 8 + len(proof.Proof{}) + 4
	var copies [][]byte
	copies = append(copies, slices.Concat(thief[:head], victim[head:])) // the victim's answers under the thief's credential
	copies = append(copies, slices.Concat(thief[:head], victim[head:len(victim)-96], thief[len(thief)-96:]))
	renamed := bytes.Clone(victim)
	copy(renamed[33:65], thief[33:65]) // the thief's nullifier
	copies = append(copies, renamed)
	r := s.merge(t, s.opened(t, s.published(t, 2, closedLine, copies...)))
	require.EqualValues(t, len(copies), r.Boxes[1].Invalid)
	for _, e := range r.Boxes[1].InvalidEntries {
		require.ErrorIs(t, e.Err, ballot.ErrInvalid)
	}
	require.Zero(t, r.Voters)
}

// Negating A and B of the Groth16 proof leaves it valid; the signature covers it.
func TestAttack23MalleatedMembershipIsNoSecondBallot(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 1, Revotes: 1})
	b := s.Ballot(t, 0, 0, 0)
	again := s.Ballot(t, 0, 0, 0).Bytes()
	at := 1 + 32 + 32 + 64 + 8
	malleated := slices.Concat(b.Bytes()[:at], again[at:][:len(proof.Proof{})], b.Bytes()[at+len(proof.Proof{}):])
	require.NotEqual(t, b.Bytes(), malleated)
	r := s.merge(t, s.log(t, 1, b), s.opened(t, s.published(t, 2, closedLine, malleated)))
	requireCounted(t, r, b)
	require.EqualValues(t, 1, r.Boxes[1].Invalid, "another valid proof of the same statement, without the voter's signature")
	require.Zero(t, r.Conflicting)
}

func TestAttack36AReVoteWithAnotherWeightIsCheckedAnew(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Weights: []uint64{3, 4}, Revotes: 1})
	b := s.Ballot(t, 0, 0, 0)
	heavy := s.Ballot(t, 0, 1, 0).Bytes()
	heavy[1+32+32+64+7] = 4
	r := s.merge(t, s.log(t, 1, b), s.opened(t, s.published(t, 2, closedLine, heavy)))
	requireCounted(t, r, b)
	require.ErrorIs(t, r.Boxes[1].InvalidEntries[0].Err, ballot.ErrInvalid)
}

func TestAttack43NumbersAboveTheLimitAreInvalidInAMerge(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 1, Revotes: 2})
	b := s.Ballot(t, 0, 0, 0)
	forged := bytes.Clone(b.Bytes())
	at := 1 + 32 + 32 + 64 + 8 + len(proof.Proof{})
	copy(forged[at:], []byte{255, 255, 255, 255})
	r := s.merge(t, s.log(t, 1, b), s.opened(t, s.published(t, 2, closedLine, forged)))
	requireCounted(t, r, b)
	require.EqualValues(t, 1, r.Boxes[1].Invalid)

	// Even signed: a record of an election with a lower limit, in which the number was not refused.
	g := &merger{Merged: &Merged{manifest: s.Manifest}, options: new(MergeOptions), known: newBallotSet()}
	low := threeBoxes(t, electiontest.Config{})
	g.manifest = low.Manifest
	require.ErrorIs(t, g.record(0, 0, [32]byte{1}, s.Ballot(t, 0, 1, 0)), ballot.ErrSequence)
	require.Empty(t, g.known.held)
}

// The operator of box 2 publishes box 1's log as its own.
func TestMergeOfACopiedLog(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 3})
	a, b, c := s.Ballot(t, 0, 0, 0), s.Ballot(t, 1, 0, 1), s.Ballot(t, 2, 0, 2)
	one, three := s.log(t, 1, a, b), s.log(t, 3, c)
	r := s.merge(t, one, s.log(t, 2, a, b), three)
	requireCounted(t, r, a, b, c)
	require.EqualValues(t, 0, r.Boxes[0].Only)

	_, err := Merge(context.Background(), s.Manifest, s.verifier, []*Log{one, one, three}, nil)
	require.ErrorIs(t, err, ballot.ErrDuplicate, "as it is, it is still box 1's")
	_, err = Merge(context.Background(), s.Manifest, s.verifier, []*Log{one, s.log(t, 1, a), three}, nil)
	require.ErrorIs(t, err, ballot.ErrDuplicate, "two histories of one box")
	require.ErrorContains(t, err, "two logs of box 1")
}

// Nothing counts that no signature covers, and other boxes are none the worse.
func TestMergeLeavesOutABrokenLog(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 4, Revotes: 1})
	shared, only, last := s.Ballot(t, 0, 0, 0), s.Ballot(t, 1, 0, 1), s.Ballot(t, 2, 0, 2)
	for number, others := range map[int][2]int{1: {2, 3}, 2: {1, 3}, 3: {1, 2}} {
		good := s.published(t, number, closedLine, raws([]*ballot.Ballot{shared, only})...)
		for _, path := range []string{"tile/entries/000.p/2", "tile/0/000.p/2"} {
			files := fstest.MapFS{}
			for name, f := range good {
				files[name] = f
			}
			data := bytes.Clone(good[path].Data)
			data[len(data)-1] ^= 1
			files[path] = &fstest.MapFile{Data: data}
			broken := s.opened(t, files)
			r := s.merge(t, s.log(t, others[0], shared), broken, s.log(t, others[1], shared, last))
			requireCounted(t, r, shared, last)
			box := r.Boxes[number-1]
			require.Equal(t, BoxBroken, box.State)
			require.ErrorIs(t, box.Err, ballot.ErrInvalid)
			require.Zero(t, box.Ballots+box.Only+box.Lacks)
			require.NoError(t, r.Complete())
			require.Equal(t, s.merge(t, s.log(t, others[0], shared), s.log(t, others[1], shared, last)).Digest(), r.Digest(), "it is as if it were absent")
			require.EqualValues(t, 2, r.Ballots)

			logs := []*Log{s.log(t, others[0], shared), broken, s.log(t, others[1], shared, last)}
			piecewise, err := newMerged(s.Manifest, logs)
			require.NoError(t, err)
			g := &merger{Merged: piecewise, verifier: s.verifier, options: new(MergeOptions), most: 1} // so that the broken log's ballots were recorded
			require.NoError(t, g.run(context.Background()))
			require.Equal(t, r.Boxes, piecewise.Boxes)
			requireCounted(t, piecewise, shared, last)
			require.EqualValues(t, 2, piecewise.Ballots)

			r = s.merge(t, broken)
			require.Zero(t, r.Voters)
			require.ErrorIs(t, r.Complete(), ballot.ErrInvalid)
		}
	}
}

func TestMergeOfOneBoxThatIsBroken(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	files := s.published(t, 1, closedLine, s.Ballot(t, 0, 0, 0).Bytes())
	files["tile/0/000.p/1"].Data[0] ^= 1
	r := s.merge(t, s.opened(t, files))
	require.Zero(t, r.Voters+r.Ballots+r.Superseded)
	require.ErrorContains(t, r.Complete(), "is broken")
	require.Empty(t, counted(t, r))

	r, err := newMerged(s.Manifest, []*Log{s.opened(t, files)})
	require.NoError(t, err)
	g := &merger{Merged: r, verifier: s.verifier, options: new(MergeOptions), most: 1}
	require.NoError(t, g.run(context.Background()))
	require.Zero(t, r.Voters+r.Ballots+r.Superseded)
}

func TestMergeRefuses(t *testing.T) {
	s, other := threeBoxes(t, electiontest.Config{}), threeBoxes(t, electiontest.Config{})
	l := s.log(t, 1, s.Ballot(t, 0, 0, 0))
	for name, c := range map[string]struct {
		verifier *ballot.Verifier
		logs     []*Log
		want     string
	}{
		"no verifier":                    {nil, []*Log{l}, "no verifier"},
		"no log":                         {s.verifier, nil, "no log"},
		"a nil log":                      {s.verifier, []*Log{l, nil}, "log 2 of 2 is nil"},
		"another election's log":         {s.verifier, []*Log{other.log(t, 2)}, "not signed by"},
		"a verifier of another election": {other.verifier, []*Log{l}, "the verifier is of another election"},
	} {
		_, err := Merge(context.Background(), s.Manifest, c.verifier, c.logs, nil)
		require.ErrorContains(t, err, c.want, name)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Merge(ctx, s.Manifest, s.verifier, []*Log{l}, nil)
	require.ErrorIs(t, err, context.Canceled, "that is no broken log")
}

func TestMergeCanBeCancelledMidway(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 5, Revotes: 999})
	l := s.opened(t, s.published(t, 1, closedLine, slices.Repeat([][]byte{make([]byte, 4096)}, 5000)...))
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	_, err := Merge(ctx, s.Manifest, s.verifier, []*Log{l, s.log(t, 2)}, &MergeOptions{Progress: func(done, total uint64) {
		require.EqualValues(t, 5000, total)
		require.Less(t, done, total)
		calls++
		cancel()
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.LessOrEqual(t, calls, 3)
}

// The files are read twice, and may be different ones by then.
func TestCountedNoticesThatALogChanged(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 2})
	a, b := s.Ballot(t, 0, 0, 0).Bytes(), s.Ballot(t, 1, 0, 1).Bytes()
	files := s.published(t, 1, closedLine, a, b)
	r := s.merge(t, s.opened(t, files))
	for path, f := range s.published(t, 1, closedLine, b, a) {
		if path != checkpointName {
			files[path] = f
		}
	}
	var last error
	for _, err := range r.Counted(context.Background()) {
		last = err
	}
	require.ErrorIs(t, last, ballot.ErrInvalid)
	_, err := r.evidence(&held{digest: sha256.Sum256(a)}, &held{digest: sha256.Sum256(b), index: 1})
	require.ErrorContains(t, err, "box 1, entry 0: ballot: invalid: the log changed while it was read")
	delete(files, "tile/entries/000.p/2")
	last = nil
	for _, err := range r.Counted(context.Background()) {
		last = err
	}
	require.Error(t, last)
}

// A ballot that stands in many logs is verified once.
func TestMergeVerifiesABallotOnce(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 3})
	var ballots []*ballot.Ballot
	for i := range 3 {
		ballots = append(ballots, s.Ballot(t, i, 0, i))
	}
	r, err := newMerged(s.Manifest, []*Log{s.log(t, 1, ballots...), s.log(t, 2, ballots...)})
	require.NoError(t, err)
	g := &merger{Merged: r, verifier: s.verifier, options: new(MergeOptions), known: newBallotSet(), most: 2}
	_, err = g.read(context.Background(), 0, r.logs[0])
	require.NoError(t, err)
	g.verifier = newStage(t, electiontest.Config{}).verifier // it would refuse whatever it is shown
	broken, err := g.read(context.Background(), 1, r.logs[1])
	require.NoError(t, err)
	require.NoError(t, broken)
	require.Len(t, g.known.held, 3)
	for _, h := range g.known.held {
		require.EqualValues(t, 3, h.in)
	}
}

// An election of one box, merged, is what its rule-book says, entry by entry.
func TestMergeOfOneBoxIsTheRulebook(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 9, Revotes: 2}) // a log may have as many entries as the pool
	pool := s.pool(t, 3, 2)
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		entries := schedule(pool, func(n int) int { return random.IntN(n) })
		l := s.opened(t, s.published(t, 1, closedLine, entries...))
		rules := ballot.NewRulebook(s.Manifest)
		invalid, accepted := []uint64{}, uint64(0)
		for i, raw := range entries {
			b, err := ballot.ParseBallot(s.Manifest, raw)
			if err == nil {
				err = s.verifier.Verify(context.Background(), b)
			}
			if err == nil {
				_, _, err = rules.Apply(b, uint64(i))
			}
			if err != nil {
				invalid = append(invalid, uint64(i))
			} else {
				accepted++
			}
		}
		r := s.merge(t, l)
		got := []uint64{}
		for _, e := range r.Boxes[0].InvalidEntries {
			got = append(got, e.Index)
		}
		require.Equal(t, invalid, got)
		require.Equal(t, accepted, r.Ballots)
		require.EqualValues(t, rules.Voters(), r.Voters)
		require.Equal(t, accepted-r.Voters, r.Superseded)
		var want, have []uint64
		for _, index := range rules.Counted() {
			want = append(want, index)
		}
		for c, err := range r.Counted(context.Background()) {
			require.NoError(t, err)
			have = append(have, c.Index)
		}
		require.Equal(t, want, have)
	}
}

// pool are ballots of some voters: two for each number, one under another key, and bad ones.
func (s *stage) pool(tb testing.TB, voters, limit int) (out [][]byte) {
	for i := range voters {
		for number := range limit + 1 {
			out = append(out, s.Ballot(tb, i, uint32(number), number).Bytes(), s.Ballot(tb, i, uint32(number), number+1).Bytes())
		}
		out = append(out, s.rekeyed(tb, i, uint32(i%(limit+1)), 2).Bytes())
		bad := bytes.Clone(out[len(out)-2])
		bad[len(bad)-1-i] ^= 1
		out = append(out, bad)
	}
	return append(out, []byte("noise"))
}

// schedule draws entries of a log.
func schedule(pool [][]byte, draw func(n int) int) (out [][]byte) {
	for range draw(len(pool)) {
		out = append(out, pool[draw(len(pool))])
	}
	return out
}

// model says in the plainest way what the entries of some logs come to.
func model(known map[[32]byte]*ballot.Ballot, logs [][][]byte) (counted map[proof.Nullifier][32]byte, ballots int) {
	valid := map[[32]byte]*ballot.Ballot{}
	for _, entries := range logs {
		for _, raw := range entries {
			if b := known[sha256.Sum256(raw)]; b != nil {
				valid[b.Digest()] = b
			}
		}
	}
	best := map[proof.Nullifier]*ballot.Ballot{}
	for d, b := range valid {
		old := best[b.Nullifier()]
		if old != nil {
			o := old.Digest()
			if old.Sequence() > b.Sequence() || old.Sequence() == b.Sequence() && bytes.Compare(o[:], d[:]) < 0 {
				continue
			}
		}
		best[b.Nullifier()] = b
	}
	counted = map[proof.Nullifier][32]byte{}
	for n, b := range best {
		counted[n] = b.Digest()
	}
	return counted, len(valid)
}

// checkSchedule merges logs drawn at random in every order and compares with the model.
func (s *stage) checkSchedule(tb testing.TB, pool [][]byte, known map[[32]byte]*ballot.Ballot, draw func(n int) int) {
	var entries [][][]byte
	var logs []*Log
	var refused []uint64
	for n := range s.Manifest.Logs() {
		refused = append(refused, 0)
		if n > 0 && draw(8) == 0 {
			continue // absent
		}
		end := closedLine
		if draw(4) == 0 {
			end = ""
		}
		drawn := schedule(pool, draw)
		entries = append(entries, drawn)
		refused[n] = s.refusals(known, drawn)
		logs = append(logs, s.opened(tb, s.published(tb, n+1, end, drawn...)))
	}
	want, ballots := model(known, entries)
	var first *Merged
	permutations(logs, func(logs []*Log) {
		r := s.merge(tb, logs...)
		if first == nil {
			first = r
			require.Equal(tb, want, counted(tb, r))
			require.EqualValues(tb, ballots, r.Ballots)
			require.EqualValues(tb, len(want), r.Voters)
			require.Equal(tb, r.Ballots, r.Voters+r.Superseded)
			for n, b := range r.Boxes {
				require.Equal(tb, refused[n], b.Refused)
				require.Len(tb, b.RefusedEntries, int(b.Refused))
				if b.State != BoxAbsent {
					require.Equal(tb, r.Ballots, b.Ballots+b.Lacks)
					require.Equal(tb, b.Logged, b.Invalid+b.Ballots)
					require.LessOrEqual(tb, b.Only, b.Ballots)
				}
			}
			return
		}
		require.Equal(tb, first.Digest(), r.Digest())
		require.Equal(tb, first.counted, r.counted)
		require.Equal(tb, first.Boxes, r.Boxes)
		require.Equal(tb, first.Conflicts, r.Conflicts)
		require.Equal(tb, first.Conflicting, r.Conflicting)
	})
}

// refusals is how many valid ballots of a log its box's rule-book refuses, where they stand the first time.
func (s *stage) refusals(known map[[32]byte]*ballot.Ballot, entries [][]byte) (n uint64) {
	rules, seen := ballot.NewRulebook(s.Manifest), map[[32]byte]bool{}
	for i, raw := range entries {
		d := sha256.Sum256(raw)
		if b := known[d]; b != nil && !seen[d] {
			if _, _, err := rules.Apply(b, uint64(i)); err != nil {
				n++
			}
		}
		seen[d] = true
	}
	return n
}

func (s *stage) valid(tb testing.TB, pool [][]byte) map[[32]byte]*ballot.Ballot {
	known := map[[32]byte]*ballot.Ballot{}
	for _, raw := range pool {
		if b, err := ballot.ParseBallot(s.Manifest, raw); err == nil && s.verifier.Verify(context.Background(), b) == nil {
			known[sha256.Sum256(raw)] = b
		}
	}
	return known
}

func TestMergeAgainstAModel(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 9, Revotes: 2})
	pool := s.pool(t, 3, 2)
	known := s.valid(t, pool)
	require.Len(t, known, 3*7)
	random := rand.New(rand.NewPCG(3, 4))
	for range 25 {
		s.checkSchedule(t, pool, known, func(n int) int { return random.IntN(n) })
	}
}

func FuzzMerge(f *testing.F) {
	s := threeBoxes(f, electiontest.Config{Voters: 7, Revotes: 1})
	pool := s.pool(f, 2, 1)
	known := s.valid(f, pool)
	f.Add([]byte{})
	f.Add([]byte("3210 a schedule of several boxes"))
	f.Fuzz(func(t *testing.T, choices []byte) {
		s.checkSchedule(t, pool, known, func(n int) int {
			if len(choices) == 0 {
				return 0
			}
			c := int(choices[0])
			choices = choices[1:]
			return c % n
		})
	})
}

// The set is a map, but for its size, at all sizes and after cuts.
func TestBallotSetIsAMap(t *testing.T) {
	s := newBallotSet()
	digest := func(i int) [32]byte { return sha256.Sum256(fmt.Append(nil, i)) }
	for n := range 500 {
		require.Nil(t, s.find(digest(n)))
		s.add(held{digest: digest(n), index: uint64(n)})
		for i := range n + 1 {
			require.EqualValues(t, i, s.find(digest(i)).index)
		}
		if n%100 == 99 {
			s.cut(n - 9)
			for i := range n + 1 {
				require.Equal(t, i < n-9, s.find(digest(i)) != nil)
			}
			for i := n - 9; i <= n; i++ {
				s.add(held{digest: digest(i), index: uint64(i)})
			}
		}
	}
	require.Nil(t, (*ballotSet)(nil).find(digest(0)))
}

// What an earlier merge found valid is not verified again, and what it did not is.
func TestMergeGoesOnWhereAnEarlierOneEnded(t *testing.T) {
	s := threeBoxes(t, electiontest.Config{Voters: 3, Revotes: 1})
	a, b := s.Ballot(t, 0, 0, 0).Bytes(), s.Ballot(t, 1, 0, 0).Bytes()
	bad := s.Ballot(t, 2, 0, 0).Bytes()
	bad[len(bad)-1] ^= 1
	log := func(number int, entries ...[]byte) *Log {
		return s.opened(t, s.published(t, number, closedLine, entries...))
	}
	logs := []*Log{log(1, a, bad), log(2, a, b), log(3, b)}

	valid := map[[32]byte]int{}
	opts := &MergeOptions{Valid: func(ballots [][32]byte) error {
		for _, d := range ballots {
			valid[d]++
		}
		return nil
	}}
	first, err := Merge(t.Context(), s.Manifest, s.verifier, logs, opts)
	require.NoError(t, err)
	require.Equal(t, map[[32]byte]int{sha256.Sum256(a): 1, sha256.Sum256(b): 1}, valid)

	opts.Verified = func(d [32]byte) bool { return d == sha256.Sum256(a) }
	clear(valid)
	second, err := Merge(t.Context(), s.Manifest, s.verifier, logs, opts)
	require.NoError(t, err)
	require.Equal(t, map[[32]byte]int{sha256.Sum256(b): 1}, valid)
	require.Equal(t, first.Digest(), second.Digest())
	require.Equal(t, first.Boxes, second.Boxes)
	require.EqualValues(t, 1, second.Boxes[0].Invalid)

	full := errors.New("the disk is full")
	opts.Valid = func([][32]byte) error { return full }
	_, err = Merge(t.Context(), s.Manifest, s.verifier, logs, opts)
	require.ErrorIs(t, err, full)
}
