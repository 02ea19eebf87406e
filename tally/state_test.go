package tally

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// contested is a poll with re-votes, entries that are invalid for every kind of reason, and weights.
func contested(t testing.TB) *poll {
	p := newPoll(t, electiontest.Config{Weights: []uint64{1, 6, 6, 1 << 20, 7}, Revotes: 2})
	at := func(voter int, sequence uint32, votes int) []byte {
		return p.Ballot(t, voter, sequence, votes).Bytes()
	}
	first, last := at(0, 0, 0), at(1, 1, 1)
	p.entries = [][]byte{
		first, at(1, 0, 0), at(0, 1, 1), []byte("no ballot"), last, at(2, 0, 3), at(0, 2, 2),
		first, // an older ballot
		last,  // the voter's last ballot
		at(4, 0, 1),
		base().entries[0], // of another election
		flip(len(first) - 1)(bytes.Clone(at(3, 0, 0))),
		at(3, 0, 2),
		at(3, 2, 0), // a number left out
		at(2, 1, 0),
	}
	p.logged(t, true, p.entries...)
	return p
}

// reported is all that a report says, and what trustees sign.
func reported(t testing.TB, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.WriteText(&b))
	s := r.Subject()
	b.Write(s.Aggregate[:])
	for _, c := range r.sums {
		sum := c.Bytes()
		b.Write(sum[:])
	}
	for _, e := range r.InvalidEntries {
		for _, kind := range kinds {
			fmt.Fprint(&b, errors.Is(e.Err, kind))
		}
	}
	return b.String()
}

// TestResumedAuditGivesTheSameReport cancels audits after each batch, of one entry here, and goes on.
func TestResumedAuditGivesTheSameReport(t *testing.T) {
	revoted := newPoll(t, electiontest.Config{Voters: 3, Revotes: 1})
	revoted.counted(t, append(revoted.ballots(t, 3), revoted.Ballot(t, 0, 1, 1).Bytes(), revoted.Ballot(t, 2, 1, 0).Bytes())...)
	for name, p := range map[string]*poll{"base": base(), "re-votes": revoted, "contested": contested(t), "empty": empty(t)} {
		whole := p.audit(t)
		want := reported(t, whole)
		for stop := uint64(1); stop <= whole.Logged; stop++ {
			file := filepath.Join(t.TempDir(), "state")
			resume := func(stop uint64) (done []uint64, r *Report, err error) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				r, err = Audit(ctx, p.files, p.Manifest.ID(), &AuditOptions{
					AcceptKeys: accept.AcceptKeys, State: file, batch: 1,
					Progress: func(n, total uint64) {
						require.Equal(t, whole.Logged, total)
						if done = append(done, n); n == stop {
							cancel()
						}
					},
				})
				return done, r, err
			}
			done, r, err := resume(stop)
			require.ErrorIs(t, err, context.Canceled)
			require.Nil(t, r)
			require.Equal(t, stop, done[len(done)-1])

			done, r, err = resume(0)
			require.NoError(t, err)
			require.Equal(t, want, reported(t, r), "%s, resumed after %d of %d", name, stop, whole.Logged)
			require.Equal(t, min(stop+1, whole.Logged), done[0], "what was verified is not verified again")

			if stop != whole.Logged/2 {
				continue
			}
			done, r, err = resume(0)
			require.NoError(t, err)
			require.Equal(t, want, reported(t, r), "%s, all verified before", name)
			require.Equal(t, []uint64{whole.Logged}, done)
		}
	}
}

func empty(t testing.TB) *poll {
	p := newPoll(t, electiontest.Config{})
	p.logged(t, true)
	return p
}

// TestAuditThatIsCancelledAgainAndAgain gets on by one batch each time.
func TestAuditThatIsCancelledAgainAndAgain(t *testing.T) {
	p := contested(t)
	file := filepath.Join(t.TempDir(), "state")
	for i := 0; ; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		r, err := Audit(ctx, p.files, p.Manifest.ID(), &AuditOptions{
			AcceptKeys: accept.AcceptKeys, State: file, batch: 1,
			Progress: func(n, total uint64) {
				require.EqualValues(t, min(i+1, len(p.entries)), n)
				if n < total {
					cancel()
				}
			},
		})
		cancel()
		if i == len(p.entries)-1 {
			require.NoError(t, err)
			require.Equal(t, reported(t, p.audit(t)), reported(t, r))
			return
		}
		require.ErrorIs(t, err, context.Canceled)
	}
}

// An audit whose state can no longer be written ends at once, and not after hours with nothing kept.
func TestStateThatCannotBeKeptEndsTheAudit(t *testing.T) {
	p := contested(t)
	log, err := box.OpenLog(subFS(t, p), p.Manifest)
	require.NoError(t, err)
	var last uint64
	r := newReplay(p.Manifest, p.Verifier(t), log, func(done, _ uint64) { last = done })
	r.most, r.state = 1, &stateFile{path: filepath.Join(t.TempDir(), "missing", "state")}
	require.ErrorIs(t, r.run(context.Background()), fs.ErrNotExist)
	require.EqualValues(t, 1, last)
}

// TestStateIsKeptNowAndThen: an audit that ends without notice, as by a power cut, goes on from
// whatever was written last.
func TestStateIsKeptNowAndThen(t *testing.T) {
	p := contested(t)
	log, err := box.OpenLog(subFS(t, p), p.Manifest)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "state")
	replayed := func(progress func(uint64, uint64)) *replay {
		state := &stateFile{path: file}
		r := newReplay(p.Manifest, p.Verifier(t), log, func(done, total uint64) {
			progress(done, total)
			state.every = 0 // now
		})
		r.most, r.state = 1, state
		require.NoError(t, r.run(context.Background()))
		return r
	}
	var states [][]byte
	want := replayed(func(done, _ uint64) {
		if b, err := os.ReadFile(file); done > 1 {
			require.NoError(t, err)
			states = append(states, b)
		}
	})
	require.Len(t, states, len(p.entries), "one after each entry; the last batch is empty")
	for i, b := range states {
		require.NoError(t, os.WriteFile(file, b, 0o600))
		var first uint64
		got := replayed(func(done, _ uint64) {
			if first == 0 {
				first = done
			}
		})
		require.EqualValues(t, min(i+2, len(p.entries)), first)
		wantState, err := want.marshal()
		require.NoError(t, err)
		gotState, err := got.marshal()
		require.NoError(t, err)
		require.True(t, bytes.Equal(wantState, gotState), "after %d entries", i+1)
	}
	r := newReplay(p.Manifest, p.Verifier(t), log, nil)
	r.state = &stateFile{path: file, every: stateEvery}
	require.NoError(t, os.Remove(file))
	require.NoError(t, r.run(context.Background()))
	require.FileExists(t, file, "at the end, however short the audit was")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077)
}

// halfway returns the state of an audit of p that was cancelled after some batches of one entry.
func halfway(t testing.TB, p *poll, stop uint64) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "state")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err := Audit(ctx, p.files, p.Manifest.ID(), &AuditOptions{
		AcceptKeys: accept.AcceptKeys, State: file, batch: 1, Progress: func(n, _ uint64) {
			if n == stop {
				cancel()
			}
		},
	})
	require.ErrorIs(t, err, context.Canceled)
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	return b
}

// resumed audits p with a state, which it returns as the audit left it.
func resumed(t testing.TB, p *poll, state []byte) (*Report, []byte, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "state")
	require.NoError(t, os.WriteFile(file, state, 0o600))
	r, err := Audit(context.Background(), p.files, p.Manifest.ID(), &AuditOptions{AcceptKeys: accept.AcceptKeys, State: file, batch: 1})
	after, readErr := os.ReadFile(file)
	require.NoError(t, readErr)
	return r, after, err
}

// rechecked gives a changed state the checksum that belongs to it.
func rechecked(state []byte) []byte {
	n := len(state) - sha256.Size
	sum := sha256.Sum256(state[:n])
	return append(bytes.Clone(state[:n]), sum[:]...)
}

func TestRejectsStatesThatAreNotThisAudits(t *testing.T) {
	p := contested(t)
	good := halfway(t, p, 6)
	other := p.copy()
	other.logged(t, true, p.entries[:7]...)
	at := func(i int, change byte) []byte {
		b := bytes.Clone(good)
		b[i] ^= change
		return rechecked(b)
	}
	position := len(stateMagic) + 64
	for name, c := range map[string]struct {
		state []byte
		kind  error
	}{
		"nothing":                    {nil, ErrMalformed},
		"another file":               {p.files[ManifestFile].Data, ErrMalformed},
		"the magic line":             {[]byte(stateMagic), ErrMalformed},
		"of another version":         {at(len(stateMagic)-2, 3), ErrMalformed},
		"of another election":        {halfway(t, base(), 2), ErrForeign},
		"of another checkpoint":      {halfway(t, other, 6), ErrForeign},
		"cut":                        {good[:len(good)-1], ErrMalformed},
		"cut and rechecked":          {rechecked(good[:len(good)-1]), ErrMalformed},
		"longer":                     {append(bytes.Clone(good), 0), ErrMalformed},
		"longer and rechecked":       {rechecked(append(bytes.Clone(good), 0)), ErrMalformed},
		"more entries than the log":  {at(position, 1), ErrMalformed},
		"one entry more":             {at(position+7, 1), ErrMalformed},
		"other entries":              {at(position+8, 1), ErrForeign},
		"one invalid entry more":     {at(position+8+32+7, 2), ErrMalformed},
		"more reasons than there is": {at(position+8+32+8, 0x80), ErrMalformed},
	} {
		r, after, err := resumed(t, p, c.state)
		require.Nil(t, r, name)
		require.ErrorIs(t, err, c.kind, name)
		require.ErrorContains(t, err, filepath.Join("state"), name)
		require.NotErrorIs(t, err, ErrInvalid, "%s: nothing is said about the record", name)
		require.True(t, bytes.Equal(c.state, after), "%s: a file that is no state of this audit is not replaced", name)
	}
	r, _, err := resumed(t, p, good)
	require.NoError(t, err)
	require.Equal(t, reported(t, p.audit(t)), reported(t, r))
	for i := range good {
		if i%89 == 0 {
			_, _, err := resumed(t, p, flip(i)(bytes.Clone(good)))
			require.ErrorIs(t, err, ErrMalformed, "byte %d", i)
		}
	}
}

// TestStateOfALogThatWasChanged has a medium that gives other valid ballots under the same
// checkpoint until the audit is cancelled, to have those in the sums.
func TestStateOfALogThatWasChanged(t *testing.T) {
	p := base()
	const bundle = "log/tile/entries/000.p/4"
	fake := p.copy()
	fake.logged(t, true, p.forged(t, 0), p.entries[1], p.entries[2], p.entries[3])
	shown := p.copy()
	shown.files[bundle] = fake.files[bundle]
	state := halfway(t, shown, 2)
	_, after, err := resumed(t, p, state)
	require.ErrorIs(t, err, ErrForeign)
	require.ErrorContains(t, err, "the first 2 entries of the record are not those that it is of")
	require.Equal(t, state, after)

	state = halfway(t, p, 2)
	gone := p.copy()
	delete(gone.files, bundle)
	_, _, err = resumed(t, gone, state)
	require.ErrorIs(t, err, ErrForeign)
	require.ErrorContains(t, err, "of which the record now gives 0")
}

func TestStateSaysNothingWithoutAVerifyingKey(t *testing.T) {
	p := base()
	file := filepath.Join(t.TempDir(), "state")
	r, err := Audit(context.Background(), p.files, p.Manifest.ID(), &AuditOptions{State: file})
	require.NoError(t, err)
	require.ErrorIs(t, r.Err(), ballot.ErrUnknownKey)
	require.NoFileExists(t, file)
}

func TestStateThatCannotBeWritten(t *testing.T) {
	p := base()
	file := filepath.Join(t.TempDir(), "missing", "state")
	_, err := Audit(context.Background(), p.files, p.Manifest.ID(), &AuditOptions{AcceptKeys: accept.AcceptKeys, State: file})
	require.ErrorContains(t, err, file)
	require.NotErrorIs(t, err, ErrInvalid)

	ctx, cancel := context.WithCancel(context.Background())
	_, err = Audit(ctx, p.files, p.Manifest.ID(), &AuditOptions{
		AcceptKeys: accept.AcceptKeys, State: file, batch: 1, Progress: func(uint64, uint64) { cancel() },
	})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, file, "who cancels an audit learns that it cannot go on")
}

func FuzzState(f *testing.F) {
	p := contested(f)
	f.Add(halfway(f, p, 12))
	log, err := box.OpenLog(subFS(f, p), p.Manifest)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < sha256.Size {
			return
		}
		b = rechecked(b)
		r := newReplay(p.Manifest, nil, log, nil)
		if r.unmarshal(b) != nil {
			return
		}
		again, err := r.marshal()
		require.NoError(t, err)
		r = newReplay(p.Manifest, nil, log, nil)
		require.NoError(t, r.unmarshal(again))
	})
}
