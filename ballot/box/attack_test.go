package box

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// Where the fields of a ballot begin: docs/spec/ballot.md.
const (
	proofOffset    = 1 + 32 + 32 + 64 + 8
	sequenceOffset = proofOffset + 256
	answersOffset  = sequenceOffset + 4
)

// Poison ballots: ciphertext lists that are empty, huge, all identity, or all the same.
func TestAttack08PoisonBallots(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	b := s.Ballot(t, 0, 0, 0)
	raw := b.Bytes()

	identity := elgamal.NewCiphertext()
	zero := identity.Bytes()
	require.True(t, bytes.HasSuffix(zero[:64], []byte{0, 1}))
	allIdentity, allSame := bytes.Clone(raw), bytes.Clone(raw)
	list := b.Ciphertexts()
	first := list[0].Bytes()
	for _, c := range list {
		encoded := c.Bytes()
		at := bytes.Index(raw, encoded[:])
		require.GreaterOrEqual(t, at, answersOffset)
		copy(allIdentity[at:], zero[:])
		copy(allSame[at:], first[:])
	}
	s.refused(t, x, allIdentity, ballot.ErrInvalid)
	s.refused(t, x, allSame, ballot.ErrInvalid)

	s.refused(t, x, nil, ballot.ErrMalformed)
	s.refused(t, x, raw[:answersOffset], ballot.ErrMalformed)
	s.refused(t, x, append(bytes.Clone(raw[:answersOffset]), raw[len(raw)-96:]...), ballot.ErrMalformed)
	huge := append(bytes.Clone(raw), bytes.Repeat(first[:], 1000)...)
	s.refused(t, x, huge, ballot.ErrMalformed)
	s.refused(t, x, make([]byte, 16<<20), ballot.ErrMalformed)
	s.refused(t, x, make([]byte, len(raw)), ballot.ErrMalformed)
	s.refused(t, x, bytes.Repeat([]byte{0xff}, len(raw)), ballot.ErrMalformed)
	s.cast(t, x, b)
}

// Two voters who vote alike are shown one receipt: it verifies for one ballot alone.
func TestAttack18Clash(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 2})
	x := s.open(t)
	alice, bob := s.Ballot(t, 0, 0, 0), s.Ballot(t, 1, 0, 0)
	require.NotEqual(t, alice.Tracker(), bob.Tracker())
	r := s.cast(t, x, alice)
	require.ErrorIs(t, r.Verify(s.Manifest, bob), ballot.ErrInvalid)
	require.NotEqual(t, r.Index, s.cast(t, x, bob).Index)
	require.ErrorIs(t, s.cast(t, x, alice).Verify(s.Manifest, bob), ballot.ErrInvalid)
}

// After a re-vote, the voter's older ballot comes again, or another one with an old number.
func TestAttack20OlderBallotReplayed(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 1, Revotes: 3})
	x := s.open(t)
	old := s.Ballot(t, 0, 0, 0)
	s.cast(t, x, old)
	latest := s.Ballot(t, 0, 1, 1)
	s.cast(t, x, latest)

	for range 2 {
		before := x.Checkpoint()
		require.Zero(t, s.cast(t, x, old).Index, "the same bytes get their receipt")
		require.Equal(t, before, x.Checkpoint(), "and change nothing")
		s.refused(t, x, s.Ballot(t, 0, 0, 2).Bytes(), ballot.ErrSequence)
		s.refused(t, x, s.Ballot(t, 0, 1, 2).Bytes(), ballot.ErrSequence)
		index, sequence, ok := x.rules.Last(latest.Nullifier())
		require.True(t, ok)
		require.EqualValues(t, 1, index)
		require.EqualValues(t, 1, sequence)
		require.NoError(t, x.Close())
		x = s.open(t)
	}
}

// Fresh proofs with one nullifier: one at a time, all at once, and after a restart.
func TestAttack22NullifierNotRecorded(t *testing.T) {
	const rivals = 64
	s := newStage(t, electiontest.Config{Voters: 2})
	x := s.open(t)
	ballots := make([]*ballot.Ballot, rivals)
	for i := range ballots {
		ballots[i] = s.Ballot(t, 0, 0, i)
	}
	errs := make([]error, rivals)
	var wg sync.WaitGroup
	for i, b := range ballots {
		wg.Go(func() { _, errs[i] = x.Cast(context.Background(), b.Bytes()) })
	}
	wg.Wait()
	winner := -1
	for i, err := range errs {
		if err == nil {
			require.Equal(t, -1, winner, "two ballots of one nullifier")
			winner = i
		} else {
			require.ErrorIs(t, err, ballot.ErrSequence)
		}
	}
	require.NotEqual(t, -1, winner)
	require.EqualValues(t, 1, x.Checkpoint().Size)

	require.NoError(t, x.Close())
	x = s.open(t)
	for i, b := range ballots {
		if i == winner {
			require.Zero(t, s.cast(t, x, b).Index)
		} else {
			s.refused(t, x, b.Bytes(), ballot.ErrSequence)
		}
	}
	s.refused(t, x, s.Ballot(t, 0, 0, 0).Bytes(), ballot.ErrSequence)
	s.cast(t, x, s.Ballot(t, 1, 0, 0))
}

// The same race with re-votes: every number is taken once, in order, and stays so.
func TestAttack22NullifierRacesWithRevotes(t *testing.T) {
	const rounds, rivals = 4, 16
	s := newStage(t, electiontest.Config{Voters: 1, Revotes: rounds - 1})
	x := s.open(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := map[uint64]*ballot.Ballot{} // index -> ballot
	for sequence := range uint32(rounds) {
		for k := range rivals {
			b := s.Ballot(t, 0, sequence, k)
			wg.Go(func() {
				for {
					r, err := x.Cast(context.Background(), b.Bytes())
					mu.Lock()
					if err == nil {
						won[r.Index] = b
					} else if !errors.Is(err, ballot.ErrSequence) {
						t.Error(err)
					}
					done := len(won) > int(sequence) || t.Failed()
					mu.Unlock()
					if done {
						return
					}
				}
			})
		}
	}
	wg.Wait()
	require.Len(t, won, rounds)
	for range 2 {
		require.EqualValues(t, rounds, x.Checkpoint().Size)
		for index := range uint64(rounds) {
			require.EqualValues(t, index, won[index].Sequence())
			require.Equal(t, index, s.cast(t, x, won[index]).Index)
		}
		require.NoError(t, x.Close())
		x = s.open(t)
	}
}

// A Groth16 proof (A, B, C) is as good as (-A, -B, C); and a voter can prove anew. Neither
// makes a second vote.
func TestAttack23MauledProofs(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 1})
	x := s.open(t)
	b := s.Ballot(t, 0, 0, 0)
	mauled := b.Bytes()
	for _, at := range []int{proofOffset + 32, proofOffset + 64 + 64, proofOffset + 64 + 96} { // y of A and of B
		var y fp.Element
		require.NoError(t, y.SetBytesCanonical(mauled[at:at+32]))
		negated := y.Neg(&y).Bytes()
		copy(mauled[at:], negated[:])
	}
	require.NotEqual(t, b.Bytes(), mauled)
	_, err := ballot.ParseBallot(s.Manifest, mauled)
	require.NoError(t, err)

	s.refused(t, x, mauled, ballot.ErrInvalid) // a stranger's copy cannot come first
	s.cast(t, x, b)
	s.refused(t, x, mauled, ballot.ErrSequence)
	proven := s.Ballot(t, 0, 0, 0)
	require.NotEqual(t, b.Bytes()[proofOffset:sequenceOffset], proven.Bytes()[proofOffset:sequenceOffset])
	s.refused(t, x, proven.Bytes(), ballot.ErrSequence)
}

// Every decoder, at every shorter and a hundred longer lengths.
func TestAttack27Lengths(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 3})
	x := s.open(t)
	b := s.Ballot(t, 0, 0, 0)
	decoders := map[string]struct {
		whole  []byte
		decode func([]byte) error
	}{
		"ballot": {b.Bytes(), func(raw []byte) error { _, err := x.Cast(context.Background(), raw); return err }},
	}
	receipt := s.cast(t, x, s.Ballot(t, 1, 0, 0))
	s.cast(t, x, s.Ballot(t, 2, 0, 0))
	refusal := s.refused(t, x, nil, ballot.ErrMalformed)
	decoders["checkpoint"] = struct {
		whole  []byte
		decode func([]byte) error
	}{x.Checkpoint().Note, func(raw []byte) error { _, err := ParseCheckpoint(s.Manifest, raw); return err }}
	decoders["receipt"] = struct {
		whole  []byte
		decode func([]byte) error
	}{receipt.Bytes(), func(raw []byte) error { _, err := ParseReceipt(s.Manifest, raw); return err }}
	decoders["refusal"] = struct {
		whole  []byte
		decode func([]byte) error
	}{refusal.Note, func(raw []byte) error { _, err := VerifyRefusal(s.Manifest, raw); return err }}

	x.policy.end = 1
	require.NoError(t, x.Close())
	snapshot, err := os.ReadFile(filepath.Join(s.dir, snapshotName))
	require.NoError(t, err)
	x = s.open(t)
	decoders["snapshot"] = struct {
		whole  []byte
		decode func([]byte) error
	}{snapshot, func(raw []byte) error { _, err := parseSnapshot(s.Manifest, origin(s.Manifest), raw); return err }}

	for name, d := range decoders {
		for n := range d.whole {
			require.Error(t, d.decode(d.whole[:n]), "%s of %d bytes", name, n)
		}
		for n := 1; n <= 100; n++ {
			for _, fill := range []string{"\x00", "\n", "x", "\xff"} {
				longer := append(bytes.Clone(d.whole), strings.Repeat(fill, n)...)
				require.Error(t, d.decode(longer), "%s and %d bytes", name, n)
			}
		}
		require.NoError(t, d.decode(d.whole), name)
	}
}

// Ballots after the end, a poll that is opened again, a manifest that changed underway.
func TestAttack29ClosedPolls(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 3})
	x := s.open(t)
	s.cast(t, x, s.Ballot(t, 0, 0, 0))
	late := s.Ballot(t, 1, 0, 0)
	s.clock.Store(s.Manifest.Closes())
	s.refused(t, x, late.Bytes(), ballot.ErrClosed)
	sealed := s.seal(t, x)

	s.clock.Store(s.Manifest.Opens()) // the clock is set back
	s.refused(t, x, late.Bytes(), ballot.ErrClosed)
	require.NoError(t, x.Close())
	x = s.open(t)
	s.refused(t, x, late.Bytes(), ballot.ErrClosed)
	again, err := x.Seal(context.Background())
	require.NoError(t, err)
	require.Equal(t, sealed, again)
	require.NoError(t, x.Close())

	// The operator removes the seal from one file, or the other, or puts an old head back.
	journal, err := os.ReadFile(filepath.Join(s.dir, journalName))
	require.NoError(t, err)
	reopened := copyDir(t, s.dir)
	require.NoError(t, os.WriteFile(filepath.Join(reopened, journalName), journal[:len(journal)-recordSize], 0o600))
	_, err = Open(reopened, s.Manifest, s.config())
	require.ErrorIs(t, err, ErrDamaged)
	open := s.signNote(t, strings.TrimSuffix(sealed.text(), "closed\n"))
	require.NoError(t, os.WriteFile(filepath.Join(reopened, journalName), journal, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(reopened, checkpointName), open, 0o600))
	x, err = Open(reopened, s.Manifest, s.config())
	require.NoError(t, err)
	require.Equal(t, sealed, x.Checkpoint())
	s.refused(t, x, late.Bytes(), ballot.ErrClosed)
	require.NoError(t, x.Close())

	// The operator puts one more ballot into a log that was closed.
	longer := newStage(t, electiontest.Config{})
	longer.Election = s.Election
	x, err = Open(longer.dir, s.Manifest, s.config())
	require.NoError(t, err)
	s.clock.Store(s.Manifest.Opens())
	raw, err := os.ReadFile(filepath.Join(s.dir, journalName))
	require.NoError(t, err)
	first := raw[len(raw)-recordSize-s.Manifest.BallotBytes() : len(raw)-recordSize]
	_, err = x.Cast(context.Background(), first)
	require.NoError(t, err)
	s.cast(t, x, late)
	s.seal(t, x)
	require.NoError(t, x.Close())
	require.NoError(t, os.WriteFile(filepath.Join(longer.dir, checkpointName), sealed.Note, 0o600))
	_, err = Open(longer.dir, s.Manifest, s.config())
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, "the log was closed with 1")

	// The same election, one byte later.
	changed := electiontest.New(t, electiontest.Config{Voters: 3, Edit: func(d *ballot.Draft) { d.Closes++ }})
	_, err = Open(s.dir, changed.Manifest, Config{Verifier: changed.Verifier(t), Key: changed.LogKey, Signatures: changed.Signatures})
	require.ErrorIs(t, err, ErrDamaged)
	c := s.config()
	c.Verifier = changed.Verifier(t)
	_, err = Open(s.dir, changed.Manifest, c)
	require.ErrorIs(t, err, ballot.ErrInvalid, "its trustees signed another manifest")
}

// Nobody locks a voter out with a number, or floods the log with many.
func TestAttack43SequenceNumbers(t *testing.T) {
	const limit = 3
	s := newStage(t, electiontest.Config{Voters: 2, Revotes: limit})
	x := s.open(t)
	numbered := func(b *ballot.Ballot, sequence uint32) []byte {
		raw := b.Bytes()
		require.Equal(t, b.Sequence(), binary.BigEndian.Uint32(raw[sequenceOffset:]))
		binary.BigEndian.PutUint32(raw[sequenceOffset:], sequence)
		return raw
	}
	b := s.Ballot(t, 0, 0, 0)
	for _, sequence := range []uint32{math.MaxUint32, math.MaxUint32 - 1, 1 << 31, limit + 1, limit, 1} {
		s.refused(t, x, numbered(b, sequence), ballot.ErrSequence)
	}
	s.refused(t, x, s.Ballot(t, 0, limit, 0).Bytes(), ballot.ErrSequence)
	for sequence := range uint32(limit + 1) {
		s.cast(t, x, s.Ballot(t, 0, sequence, int(sequence)))
		s.refused(t, x, s.Ballot(t, 0, sequence, 1).Bytes(), ballot.ErrSequence)
		if sequence+2 <= limit {
			s.refused(t, x, s.Ballot(t, 0, sequence+2, 1).Bytes(), ballot.ErrSequence)
		}
	}
	for _, sequence := range []uint32{limit + 1, limit + 2, math.MaxUint32} {
		s.refused(t, x, numbered(b, sequence), ballot.ErrSequence)
	}
	require.EqualValues(t, limit+1, x.Checkpoint().Size)

	none := newStage(t, electiontest.Config{Voters: 1})
	x = none.open(t)
	b = none.Ballot(t, 0, 0, 0)
	for _, sequence := range []uint32{1, math.MaxUint32} {
		none.refused(t, x, numbered(b, sequence), ballot.ErrSequence)
	}
	none.cast(t, x, b)
	none.refused(t, x, numbered(b, 1), ballot.ErrSequence)
}

// Whatever is sent, the answer is a refusal: each byte of a ballot changed in turn.
func TestAttack28AnyByteChanged(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	raw := s.Ballot(t, 0, 0, 0).Bytes()
	within(t, func() {
		for at := 0; at < len(raw); at += 1 + at/40 {
			changed := bytes.Clone(raw)
			changed[at] ^= 1 << (at % 8)
			_, err := x.Cast(context.Background(), changed)
			var refusal *Refusal
			require.ErrorAs(t, err, &refusal, fmt.Sprintf("byte %d", at))
		}
	})
	require.Zero(t, x.Checkpoint().Size)
}

// Numbers and paths have one spelling.
func TestAttack27OneSpelling(t *testing.T) {
	for _, number := range []string{"", "00", "01", "+1", "-0", "-1", " 1", "1 ", "1_0", "0x1", "1.0", "1e3", "\u0661", "281474976710657", "18446744073709551616"} {
		_, err := parseDecimal(number)
		require.ErrorIs(t, err, ballot.ErrMalformed, "%q", number)
	}
	for _, path := range []string{"tile/0/0", "tile/0/0000", "tile/00/000", "tile/+0/000", "tile/0/x000/000", "tile/0/+00", "tile/0/-01",
		"tile/0/000.p/01", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p", "tile/0/001/002", "tile/0/000/", "tile//000", "/tile/0/000",
		"tile/0/../0/000", "tile/7/000", "tile/entries/0", "tile/entries/x000/000", "tile/0/x999/x999/x999/x999/x999/999"} {
		_, ok := parseTilePath(path)
		require.False(t, ok, path)
	}
}

// Weights that would carry a total beyond its bound: what a ballot says it weighs is proved, at most the
// census's total, and the same for all ballots of a voter.
func TestAttack26WeightsBeyondTheTotal(t *testing.T) {
	const weightOffset = 1 + 32 + 32 + 64
	s := newStage(t, electiontest.Config{Weights: []uint64{5, 7}, Revotes: 1})
	x := s.open(t)
	b := s.Ballot(t, 0, 0, 0)
	weighing := func(b *ballot.Ballot, w uint64) []byte {
		raw := b.Bytes()
		require.Equal(t, b.Weight(), binary.BigEndian.Uint64(raw[weightOffset:]))
		binary.BigEndian.PutUint64(raw[weightOffset:], w)
		return raw
	}
	for _, w := range []uint64{0, 13, 1 << 40, 1 << 44, 1 << 63, math.MaxUint64} {
		s.refused(t, x, weighing(b, w), ballot.ErrMalformed)
	}
	s.refused(t, x, weighing(b, 7), ballot.ErrInvalid)
	s.refused(t, x, weighing(b, 12), ballot.ErrInvalid)
	s.cast(t, x, b)
	s.refused(t, x, weighing(s.Ballot(t, 0, 1, 0), 7), ballot.ErrSequence)
	s.cast(t, x, s.Ballot(t, 0, 1, 0))
}

// The trustees open one head: a sealed box says the same one for ever, whatever it is asked, and
// signs no other.
func TestAttack33OneSealedHead(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 3, Revotes: 1})
	x := s.open(t)
	mine := s.Ballot(t, 0, 0, 0)
	s.cast(t, x, mine)
	s.cast(t, x, s.Ballot(t, 1, 0, 0))
	sealed := s.seal(t, x)
	for round := range 3 {
		s.clock.Store(s.Manifest.Opens())
		for _, b := range []*ballot.Ballot{s.Ballot(t, 2, 0, 0), s.Ballot(t, 0, 1, 0)} {
			s.refused(t, x, b.Bytes(), ballot.ErrClosed)
		}
		require.Equal(t, sealed, s.cast(t, x, mine).Checkpoint)
		again, err := x.Seal(context.Background())
		require.NoError(t, err)
		require.Equal(t, sealed, again)
		require.Equal(t, sealed, x.Checkpoint())
		public := filepath.Join(s.dir, fmt.Sprint("public", round))
		require.NoError(t, x.Export(public))
		published, err := os.ReadFile(filepath.Join(public, checkpointName))
		require.NoError(t, err)
		require.Equal(t, sealed.Note, published)
		require.NoError(t, x.Close())
		x = s.open(t)
	}
}

// A log and a box that someone made up, under a manifest of their own, are not those of the
// election that one knows, although each is flawless in itself.
func TestAttack46FabricatedLog(t *testing.T) {
	s, fabricated := newStage(t, electiontest.Config{}), newStage(t, electiontest.Config{})
	x := fabricated.open(t)
	receipt := fabricated.cast(t, x, fabricated.Ballot(t, 0, 0, 0))
	public := filepath.Join(fabricated.dir, "public")
	fabricated.seal(t, x)
	require.NoError(t, x.Export(public))
	require.NoError(t, x.Close())

	_, err := OpenLog(os.DirFS(public), fabricated.Manifest)
	require.NoError(t, err)
	_, err = OpenLog(os.DirFS(public), s.Manifest)
	require.ErrorIs(t, err, ballot.ErrInvalid, "another operator signed it")
	_, err = ParseReceipt(s.Manifest, receipt.Bytes())
	require.ErrorIs(t, err, ballot.ErrInvalid)
	_, err = Open(fabricated.dir, s.Manifest, s.config())
	require.ErrorIs(t, err, ErrDamaged)

	// The same operator, too, signs for one election at a time.
	twin := newStage(t, electiontest.Config{Edit: func(d *ballot.Draft) { d.Log = fabricated.Manifest.Log() }})
	_, err = OpenLog(os.DirFS(public), twin.Manifest)
	require.ErrorIs(t, err, ballot.ErrUnknownElection)
	_, err = ParseReceipt(twin.Manifest, receipt.Bytes())
	require.ErrorIs(t, err, ballot.ErrUnknownElection)
}
