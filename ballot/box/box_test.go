package box

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

func TestCastSealReopen(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 3})
	x := s.open(t)
	require.Zero(t, x.Checkpoint().Size)

	var ballots []*ballot.Ballot
	var receipts []*Receipt
	for i := range 3 {
		b := s.Ballot(t, i, 0, i)
		r := s.cast(t, x, b)
		require.EqualValues(t, i, r.Index)
		require.EqualValues(t, i+1, r.Checkpoint.Size)
		require.False(t, r.Checkpoint.Closed)
		ballots, receipts = append(ballots, b), append(receipts, r)
	}

	final := s.seal(t, x)
	require.True(t, final.Closed)
	require.EqualValues(t, 3, final.Size)
	require.Equal(t, final, x.Checkpoint())
	require.NoError(t, x.Close())

	x = s.open(t)
	require.Equal(t, final, x.Checkpoint(), "the seal outlives the process")
	again, err := x.Seal(context.Background())
	require.NoError(t, err)
	require.Equal(t, final, again)
	for i, b := range ballots {
		require.NoError(t, receipts[i].Verify(s.Manifest, b))
		r := s.cast(t, x, b)
		require.EqualValues(t, i, r.Index)
		require.True(t, r.Checkpoint.Closed, "a late question for a receipt is answered under the final checkpoint")
	}
}

func TestIdenticalBallotGetsTheSameIndex(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 2})
	x := s.open(t)
	b := s.Ballot(t, 0, 0, 0)
	first := s.cast(t, x, b)
	require.Equal(t, first, s.cast(t, x, b), "nothing came between: not one byte differs")
	s.cast(t, x, s.Ballot(t, 1, 0, 0))
	later := s.cast(t, x, b)
	require.Equal(t, first.Index, later.Index)
	require.EqualValues(t, 2, later.Checkpoint.Size)
}

func TestRefusesOutsideThePollsTime(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	b := s.Ballot(t, 0, 0, 0)

	s.clock.Store(s.Manifest.Opens() - 1)
	early := s.refused(t, x, b.Bytes(), ballot.ErrClosed)
	require.Contains(t, early.Reason, "closed: ")
	require.Contains(t, early.Reason, "it opens at 2030-")
	s.clock.Store(s.Manifest.Closes())
	s.refused(t, x, b.Bytes(), ballot.ErrClosed)
	s.clock.Store(s.Manifest.Closes() - 1)
	s.cast(t, x, b)
}

// A slowDisk holds up one sync of the journal.
type slowDisk struct {
	disk
	during func() // at the next sync
}

type slowFile struct {
	file
	disk *slowDisk
}

func (d *slowDisk) Open(name string) (file, error) {
	f, err := d.disk.Open(name)
	if err != nil || name != journalName {
		return f, err
	}
	return slowFile{f, d}, nil
}

func (d *slowDisk) Check(name string, f file) error { return d.disk.Check(name, f.(slowFile).file) }

func (f slowFile) Sync() error {
	if during := f.disk.during; during != nil {
		f.disk.during = nil
		during()
	}
	return f.file.Sync()
}

// The clock reaches the closing time, and the box is sealed, as soon as Cast has looked at it.
func TestASealWaitsForWhatArrivedInTime(t *testing.T) {
	s := newStage(t, electiontest.Config{Edit: oneQuestion})
	c := s.config()
	var x *Box
	var looks atomic.Int64
	sealed := make(chan *Checkpoint, 1)
	var failed error
	c.Now = func() time.Time {
		now := time.Unix(s.clock.Load(), 0)
		if looks.Add(1) > 1 {
			return now
		}
		s.clock.Store(s.Manifest.Closes())
		done := make(chan bool)
		go func() {
			checkpoint, err := x.Seal(context.Background())
			failed = err
			close(done)
			sealed <- checkpoint
		}()
		select {
		case <-done: // it has not waited
		case <-time.After(100 * time.Millisecond):
		}
		return now
	}
	x, err := open(newMemDisk(), s.Manifest, c)
	require.NoError(t, err)
	s.clock.Store(s.Manifest.Closes() - 1)
	s.cast(t, x, smallBallot(t, s, 0, 0))
	checkpoint := <-sealed
	require.NoError(t, failed)
	require.EqualValues(t, 1, checkpoint.Size)
	require.True(t, checkpoint.Closed)
}

// A ballot that arrives in the last second is in time, however long others are being written.
func TestArrivalIsWhenCastIsCalled(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 3, Edit: oneQuestion})
	d := &slowDisk{disk: newMemDisk()}
	c := s.config()
	asked := make(chan bool, 100)
	c.Now = func() time.Time {
		defer func() { asked <- true }()
		return time.Unix(s.clock.Load(), 0)
	}
	x, err := open(d, s.Manifest, c)
	require.NoError(t, err)
	s.clock.Store(s.Manifest.Closes() - 1)
	writing, goOn := make(chan bool), make(chan bool)
	d.during = func() { close(writing); <-goOn }
	done := make(chan error, 2)
	cast := func(i int) {
		raw := smallBallot(t, s, i, 0).Bytes()
		go func() { _, err := x.Cast(context.Background(), raw); done <- err }()
		<-asked
	}
	cast(0)
	<-writing
	cast(1) // while the first one is written
	s.clock.Store(s.Manifest.Closes())
	close(goOn)
	require.NoError(t, <-done)
	require.NoError(t, <-done)
	cast(2)
	require.ErrorIs(t, <-done, ballot.ErrClosed)
}

// Who seals too early is told so at once, and no voter waits for it.
func TestEarlySealDelaysNobody(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 2, Edit: oneQuestion})
	x := s.open(t)
	verify := x.verify
	goOn, verifying := make(chan bool), make(chan bool, 2)
	x.verify = func(ctx context.Context, b []*ballot.Ballot) ([]error, error) {
		verifying <- true
		<-goOn
		return verify(ctx, b)
	}
	s.clock.Store(s.Manifest.Closes() - 1)
	done := make(chan error)
	raw := smallBallot(t, s, 0, 0).Bytes()
	go func() { _, err := x.Cast(context.Background(), raw); done <- err }()
	<-verifying
	sealed := make(chan error)
	go func() { _, err := x.Seal(context.Background()); sealed <- err }()
	select {
	case err := <-sealed:
		require.ErrorIs(t, err, ErrStillOpen)
	case <-time.After(10 * time.Second):
		t.Error("it waits for the ballot that is being checked")
	}
	close(goOn)
	require.NoError(t, <-done)

	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	s.clock.Store(s.Manifest.Closes())
	x.gate.RLock() // a ballot is being checked for ever
	_, err := x.Seal(cancelled)
	require.ErrorIs(t, err, context.Canceled)
	x.gate.RUnlock()

	// Three calls at once, one of which is called off while it waits, seal it once.
	ctx, cancel := context.WithCancel(context.Background())
	heads := make(chan *Checkpoint, 3)
	x.gate.RLock()
	for _, ctx := range []context.Context{context.Background(), context.Background(), ctx} {
		go func() {
			c, err := x.Seal(ctx)
			if (c == nil) != errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			heads <- c
		}()
	}
	time.Sleep(20 * time.Millisecond)
	cancel()
	x.gate.RUnlock()
	got := map[*Checkpoint]bool{}
	for range 3 {
		if c := <-heads; c != nil {
			require.Equal(t, x.Checkpoint(), c)
			got[c] = true
		}
	}
	require.Len(t, got, 2)
	require.NoError(t, x.Close())
	require.True(t, s.open(t).Checkpoint().Closed)
}

// A panic, in a verifier or elsewhere, reaches its caller, and leaves nobody waiting and nothing
// half done.
func TestPanicFailsTheBox(t *testing.T) {
	for name, raise := range map[string]func(x *Box){
		"verifying": func(x *Box) {
			x.verify = func(context.Context, []*ballot.Ballot) ([]error, error) { panic("broken") }
		},
		"logging": func(x *Box) {
			x.verify = func(context.Context, []*ballot.Ballot) ([]error, error) { return nil, nil } // no verdicts
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, electiontest.Config{Voters: 3, Edit: oneQuestion})
			x := s.open(t)
			raise(x)
			leader, follower := newRequest(smallBallot(t, s, 0, 0)), newRequest(smallBallot(t, s, 1, 0))
			x.queue.lead <- struct{}{}
			require.Panics(t, func() { x.process(context.Background(), []*request{leader, follower}) })
			for _, r := range []*request{leader, follower} {
				<-r.done
				require.ErrorContains(t, r.err, "a panic")
				require.Nil(t, r.receipt)
			}
			require.Empty(t, x.queue.lead)
			require.Empty(t, x.queue.turn)
			_, err := x.Cast(context.Background(), smallBallot(t, s, 2, 0).Bytes())
			require.ErrorContains(t, err, "open it anew")
			require.NoError(t, x.Close())
			x = s.open(t)
			require.Zero(t, x.Checkpoint().Size)
			s.cast(t, x, smallBallot(t, s, 0, 0))
		})
	}
}

func TestSealWaitsForTheClosingTime(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.clock.Store(s.Manifest.Closes() - 1)
	_, err := x.Seal(context.Background())
	require.ErrorIs(t, err, ErrStillOpen)
	require.False(t, x.Checkpoint().Closed)
	s.cast(t, x, s.Ballot(t, 0, 0, 0))

	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	s.clock.Store(s.Manifest.Closes())
	_, err = x.Seal(cancelled)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, x.Checkpoint().Closed)
	s.seal(t, x)
}

func TestOpenRefuses(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	other := newStage(t, electiontest.Config{})
	refuses := func(name string, m *ballot.Manifest, edit func(*Config), want string) {
		t.Run(name, func(t *testing.T) {
			c := s.config()
			edit(&c)
			_, err := Open(s.dir, m, c)
			require.ErrorContains(t, err, want)
			require.NotContains(t, err.Error(), "PRIVATE")
		})
	}
	refuses("no verifier", s.Manifest, func(c *Config) { c.Verifier = nil }, "no verifier")
	refuses("another election's verifier", s.Manifest, func(c *Config) { c.Verifier = other.verifier }, "Config.Verifier checks ballots of "+other.Manifest.ID().String())
	refuses("no signatures", s.Manifest, func(c *Config) { c.Signatures = nil }, "not signed by a quorum")
	refuses("too few signatures", s.Manifest, func(c *Config) { c.Signatures = c.Signatures[:s.Manifest.Quorum()-1] }, "not signed by a quorum")
	refuses("another election's signatures", s.Manifest, func(c *Config) { c.Signatures = other.Signatures }, "not signed by a quorum")
	refuses("another log's key", s.Manifest, func(c *Config) { c.Key = other.LogKey }, "not that of the manifest")
	refuses("no key", s.Manifest, func(c *Config) { c.Key = "" }, "signer key")
	refuses("no manifest", nil, func(*Config) {}, "no manifest")
	x := s.open(t)
	require.NoError(t, x.Close())
	refuses("another election's directory", other.Manifest, func(c *Config) { *c = other.config() }, s.Manifest.ID().String())
	s.open(t)
}

func TestConfigHidesItsKey(t *testing.T) {
	c := Config{Key: "PRIVATE+KEY+x"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, fmt.Sprintf(format, c), "PRIVATE")
	}
}

func TestSecondOpenerIsRefused(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	_, err := Open(s.dir, s.Manifest, s.config())
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, x.Close())
	require.NoError(t, x.Close(), "closing twice is harmless")
	s.open(t)
}

func TestClosedBoxDoesNothing(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	require.NoError(t, x.Close())
	_, err := x.Cast(context.Background(), s.Ballot(t, 0, 0, 0).Bytes())
	require.ErrorIs(t, err, fs.ErrClosed)
	require.NotErrorIs(t, err, ballot.ErrClosed, "this is not about the poll")
	_, err = x.Seal(context.Background())
	require.ErrorIs(t, err, fs.ErrClosed)
	require.ErrorIs(t, x.Export(t.TempDir()), fs.ErrClosed)
}

func TestCancelledCastLogsNothing(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := x.Cast(cancelled, s.Ballot(t, 0, 0, 0).Bytes())
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, x.Checkpoint().Size)
}

// A cast that waits behind a batch under verification gives up when its context ends, and
// leaves the queue, while others go on.
func TestWaitingCastGivesUp(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 2})
	x := s.open(t)
	x.queue.lead <- struct{}{} // somebody leads, for ever
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := x.Cast(ctx, s.Ballot(t, 0, 0, 0).Bytes())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Empty(t, x.queue.waiting)
	<-x.queue.lead
	require.Zero(t, s.cast(t, x, s.Ballot(t, 1, 0, 0)).Index)
}

func TestRefusalsVerify(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 2, Revotes: 1})
	other := newStage(t, electiontest.Config{})
	x := s.open(t)
	good := s.Ballot(t, 0, 0, 0).Bytes()
	invalid := bytes.Clone(s.Ballot(t, 1, 0, 0).Bytes())
	invalid[len(invalid)-1] ^= 1

	for _, c := range []struct {
		name string
		raw  []byte
		kind error
		word string
	}{
		{"nothing", nil, ballot.ErrMalformed, "malformed"},
		{"cut", good[:len(good)-1], ballot.ErrMalformed, "malformed"},
		{"of another election", other.Ballot(t, 0, 0, 0).Bytes(), ballot.ErrUnknownElection, "unknown election"},
		{"a number too high", s.Ballot(t, 0, 1, 0).Bytes(), ballot.ErrSequence, "sequence"},
		{"a bad signature", invalid, ballot.ErrInvalid, "invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := s.refused(t, x, c.raw, c.kind)
			read, err := VerifyRefusal(s.Manifest, r.Note)
			require.NoError(t, err)
			require.Equal(t, r, read)
			require.ErrorIs(t, read, c.kind)
			require.Contains(t, r.Error(), r.Reason)
			require.Regexp(t, "^"+c.word+": ", read.Reason)
			require.Contains(t, string(r.Note), fmt.Sprintf("%s/%s\nrefused\n%x\n", electiontest.Origin, s.Manifest.ID(), r.Ballot))

			_, err = VerifyRefusal(other.Manifest, r.Note)
			require.Error(t, err)
			for i := range r.Note {
				changed := bytes.Clone(r.Note)
				changed[i] ^= 1
				_, err := VerifyRefusal(s.Manifest, changed)
				require.Error(t, err, "byte %d", i)
			}
		})
	}
	for _, text := range []string{
		"refused\n%d\nsequence: x\n", "accepted\n%x\nsequence: x\n", "refused\n%X\nsequence: x\n",
		"refused\n%x\nnonsense: x\n", "refused\n%x\nsequence: x\nmore\n", "refused\n%x\n",
		"refused\n%x\nsequence\n", "refused\n%x\nsequence:\n", "refused\n%x\nsequence: \n", "refused\n%x\nsequence:x\n",
		"refused\n%x\nclosed: \u202eetal oot\n", "refused\n%x\nclosed: \u009b31m\n", "refused\n%x\nclosed: \x7f\n", "refused\n%x\nclosed: caf\u00e9\n",
		"refused\n%x\nclosed: " + strings.Repeat("x", maxReasonBytes-len("closed: ")+1) + "\n",
		"refused\n%x\nclosed: " + strings.Repeat("x", 60_000) + "\n",
	} {
		signed := s.signNote(t, origin(s.Manifest)+"\n"+fmt.Sprintf(text, bytes.Repeat([]byte{0xab}, 32)))
		_, err := VerifyRefusal(s.Manifest, signed)
		require.ErrorIs(t, err, ballot.ErrMalformed, text)
	}
	longest := s.signNote(t, fmt.Sprintf("%s\nrefused\n%064x\nclosed: %s\n", origin(s.Manifest), 1, strings.Repeat("~", maxReasonBytes-len("closed: "))))
	_, err := VerifyRefusal(s.Manifest, longest)
	require.NoError(t, err)
	_, err = VerifyRefusal(s.Manifest, s.signNote(t, fmt.Sprintf("elsewhere\nrefused\n%064x\nsequence: x\n", 1)))
	require.ErrorIs(t, err, ballot.ErrUnknownElection)
}

func TestReasonsAreOneLineOfASCII(t *testing.T) {
	signer, err := note.NewSigner(newStage(t, electiontest.Config{}).LogKey)
	require.NoError(t, err)
	m := electiontest.New(t, electiontest.Config{}).Manifest
	r, err := refuse(m, signer, [32]byte{}, errors.New("a\nb\x00\xff é"+string(bytes.Repeat([]byte("x"), 2000))))
	require.NoError(t, err)
	require.Regexp(t, "^invalid: a\\?b\\?\\? \\?x+$", r.Reason)
	require.Less(t, len(r.Reason), 600)
}

// Sixty-four voters at once, each casting twice; then a reopening.
func TestConcurrentCasts(t *testing.T) {
	const voters = 64
	s := newStage(t, electiontest.Config{Voters: voters})
	x := s.open(t)
	ballots := make([]*ballot.Ballot, voters)
	for i := range ballots {
		ballots[i] = s.Ballot(t, i, 0, i)
	}
	receipts := make([]*Receipt, 2*voters)
	var wg sync.WaitGroup
	for k := range receipts {
		wg.Go(func() {
			var err error
			if receipts[k], err = x.Cast(context.Background(), ballots[k%voters].Bytes()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			if err := x.Export(filepath.Join(s.dir, "public")); err != nil {
				t.Error(err)
			}
			x.Checkpoint()
		}
	})
	wg.Wait()
	require.False(t, t.Failed())

	seen := map[uint64]bool{}
	for k, r := range receipts {
		require.NoError(t, r.Verify(s.Manifest, ballots[k%voters]))
		require.Equal(t, receipts[k%voters].Index, r.Index)
		seen[r.Index] = true
	}
	require.Len(t, seen, voters)
	require.EqualValues(t, voters, x.Checkpoint().Size)

	before := x.Checkpoint()
	require.NoError(t, x.Close())
	x = s.open(t)
	require.Equal(t, before, x.Checkpoint())
	for k, b := range ballots {
		require.Equal(t, receipts[k].Index, s.cast(t, x, b).Index)
	}
}

// Seal answers only after the ballots that were in hand, and none comes after it.
func TestSealDuringCasts(t *testing.T) {
	const voters = 24
	s := newStage(t, electiontest.Config{Voters: voters})
	x := s.open(t)
	ballots := make([]*ballot.Ballot, voters)
	for i := range ballots {
		ballots[i] = s.Ballot(t, i, 0, i)
	}
	var mu sync.Mutex
	accepted := 0
	var wg sync.WaitGroup
	var final *Checkpoint
	for i, b := range ballots {
		wg.Go(func() {
			r, err := x.Cast(context.Background(), b.Bytes())
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && !r.Checkpoint.Closed:
				accepted++
			case !errors.Is(err, ballot.ErrClosed):
				t.Error(err)
			}
		})
		if i == voters/2 {
			wg.Go(func() {
				s.clock.Store(s.Manifest.Closes())
				var err error
				if final, err = x.Seal(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	require.False(t, t.Failed())
	require.EqualValues(t, accepted, final.Size)
	require.Equal(t, final, x.Checkpoint())
}

// One batch: a ballot twice, a rival with the same number, a bad one, and a good one.
func TestBatchAnswersEach(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 3})
	x := s.open(t)
	a, rival, c := s.Ballot(t, 0, 0, 0), s.Ballot(t, 0, 0, 1), s.Ballot(t, 2, 0, 0)
	damaged := s.Ballot(t, 1, 0, 0).Bytes()
	damaged[len(damaged)-1] ^= 1
	bad, err := ballot.ParseBallot(s.Manifest, damaged)
	require.NoError(t, err)
	batch := func(ballots ...*ballot.Ballot) (out []*request) {
		for _, b := range ballots {
			out = append(out, newRequest(b))
		}
		x.queue.lead <- struct{}{}
		x.process(context.Background(), out)
		for _, r := range out {
			<-r.done
		}
		return out
	}
	answers := batch(a, bad, a, rival, c)
	require.Empty(t, x.queue.lead, "the lead is given up")
	require.Equal(t, answers[0].receipt, answers[2].receipt)
	require.NoError(t, answers[0].receipt.Verify(s.Manifest, a))
	require.NoError(t, answers[4].receipt.Verify(s.Manifest, c))
	require.EqualValues(t, 1, answers[4].receipt.Index)
	require.ErrorIs(t, answers[1].err, ballot.ErrInvalid)
	require.ErrorIs(t, answers[3].err, ballot.ErrSequence)
	require.EqualValues(t, 2, x.Checkpoint().Size)

	x.failed = errDisk // while the next batch was being verified
	for _, r := range batch(a, rival, s.Ballot(t, 1, 0, 0)) {
		require.Nil(t, r.receipt)
		require.ErrorIs(t, r.err, errDisk)
	}
	_, err = x.Cast(context.Background(), a.Bytes())
	require.ErrorIs(t, err, errDisk)
	_, err = x.Seal(context.Background())
	require.ErrorIs(t, err, errDisk)
	require.EqualValues(t, 2, x.Checkpoint().Size)
}

// Sixty-four callers at once, many with a bad ballot: each hears of its own.
func TestEachCallerHasItsOwnVerdict(t *testing.T) {
	const voters = 32
	s := newStage(t, electiontest.Config{Voters: voters, Edit: oneQuestion})
	x := s.open(t)
	good := smallBallots(t, s, voters)
	var wg sync.WaitGroup
	for i, b := range good {
		raw := b.Bytes()
		wg.Go(func() {
			r, err := x.Cast(context.Background(), raw)
			if err != nil || r.Verify(s.Manifest, b) != nil {
				t.Error(i, err)
			}
		})
		bad := b.Bytes()
		kind := ballot.ErrInvalid
		switch i % 3 {
		case 0:
			bad[len(bad)-1] ^= 1 // of the signature
		case 1:
			bad[sequenceOffset+3] ^= 1
			kind = ballot.ErrSequence
		case 2:
			bad[0] = 9
			kind = ballot.ErrMalformed
		}
		wg.Go(func() {
			_, err := x.Cast(context.Background(), bad)
			var refusal *Refusal
			if !errors.As(err, &refusal) {
				t.Error(i, err)
				return
			}
			// When the good one came first, it is the voter's turn that the other has missed.
			if !errors.Is(err, kind) && !errors.Is(err, ballot.ErrSequence) {
				t.Error(i, err)
			}
			if signed, err := VerifyRefusal(s.Manifest, refusal.Note); err != nil || signed.Ballot != sha256.Sum256(bad) {
				t.Error(i, err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, voters, x.Checkpoint().Size)
}

func TestOpenMakesTheDirectoriesAbove(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	top := s.dir
	s.dir = filepath.Join(top, "a", "b")
	s.cast(t, s.open(t), s.Ballot(t, 0, 0, 0))
	for _, dir := range []string{"a", "a/b"} {
		info, err := os.Stat(filepath.Join(top, dir))
		require.NoError(t, err)
		require.Equal(t, fs.ModeDir|0o700, info.Mode())
	}
	for _, dir := range []string{"", filepath.Join(top, "a", "b", "lock"), filepath.Join(top, "a", "b", "lock", "c"), "\x00"} {
		_, err := Open(dir, s.Manifest, s.config())
		require.Error(t, err, "%q", dir)
	}
}

func TestDirectoryIsObvious(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.cast(t, x, s.Ballot(t, 0, 0, 0))
	s.seal(t, x)
	var names []string
	entries, err := os.ReadDir(s.dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
		info, err := e.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, "%s is the operator's alone", e.Name())
	}
	require.Equal(t, []string{"ballots.log", "checkpoint", "lock"}, names)
}
