package box

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// history is a box of n ballots, with its directory as it was after each commit.
type history struct {
	*stage
	ballots  []*ballot.Ballot
	receipts []*Receipt
	journals [][]byte
	heads    [][]byte
}

func newHistory(t *testing.T, n int, sealed bool) *history {
	t.Helper()
	h := &history{stage: newStage(t, electiontest.Config{Voters: n})}
	x := h.stage.open(t)
	h.keep(t)
	for i := range n {
		b := h.Ballot(t, i, 0, i)
		h.ballots = append(h.ballots, b)
		h.receipts = append(h.receipts, h.cast(t, x, b))
		h.keep(t)
	}
	if sealed {
		h.seal(t, x)
		h.keep(t)
	}
	require.NoError(t, x.Close())
	return h
}

func (h *history) keep(t *testing.T) {
	t.Helper()
	for _, k := range []struct {
		name string
		to   *[][]byte
	}{{journalName, &h.journals}, {checkpointName, &h.heads}} {
		b, err := os.ReadFile(filepath.Join(h.dir, k.name))
		require.NoError(t, err)
		*k.to = append(*k.to, b)
	}
}

// reopen opens a box from the two files; nil is a file that is missing.
func (h *history) reopen(t *testing.T, journal, head []byte) (*Box, error) {
	t.Helper()
	dir := t.TempDir()
	for name, b := range map[string][]byte{journalName: journal, checkpointName: head} {
		if b != nil {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
		}
	}
	x, err := Open(dir, h.Manifest, h.config())
	if err == nil {
		t.Cleanup(func() { x.Close() })
	} else {
		left, readErr := os.ReadFile(filepath.Join(dir, journalName))
		if readErr == nil && journal != nil {
			require.Equal(t, journal, left, "a box that refuses to open changed its files")
		}
	}
	return x, err
}

// A crash within the last commit: the stored checkpoint does not cover it, and the file ends
// anywhere in its record.
func TestOpensAtEveryTruncationOfTheLastRecord(t *testing.T) {
	h := newHistory(t, 3, false)
	whole, shorter := h.journals[3], len(h.journals[2])
	for size := shorter; size <= len(whole); size++ {
		if size > shorter+recordSize+40 && size < len(whole)-40 && size%97 != 0 {
			continue // within a ballot one byte is like another
		}
		x, err := h.reopen(t, whole[:size], h.heads[2])
		require.NoError(t, err, "cut at %d", size)
		want := 2
		if size == len(whole) {
			want = 3
		}
		require.EqualValues(t, want, x.Checkpoint().Size, "cut at %d", size)
		if size%97 == 0 || size == len(whole) {
			for i, b := range h.ballots {
				require.EqualValues(t, i, h.cast(t, x, b).Index)
			}
		}
		require.NoError(t, x.Close())
	}
}

// The same with the record's full length and garbage or zeros for some of its pages.
func TestOpensWithATornLastRecord(t *testing.T) {
	h := newHistory(t, 2, false)
	from := len(h.journals[1])
	for _, at := range []int{from, from + 3, from + 13, from + 20, from + recordSize + 100, len(h.journals[2]) - 1} {
		torn := bytes.Clone(h.journals[2])
		clear(torn[at:])
		torn[len(torn)-1] ^= 0x55
		x, err := h.reopen(t, torn, h.heads[1])
		require.NoError(t, err, "torn at %d", at)
		require.EqualValues(t, 1, x.Checkpoint().Size)
		for i, b := range h.ballots {
			require.EqualValues(t, i, h.cast(t, x, b).Index)
		}
	}
}

func TestRefusesALogShorterThanItsCheckpoint(t *testing.T) {
	h := newHistory(t, 3, true)
	// Entry k is after k ballots; the last is after the seal.
	for k := range h.journals {
		for j := range k {
			_, err := h.reopen(t, h.journals[j], h.heads[k])
			require.ErrorIs(t, err, ErrDamaged, "checkpoint %d, log %d", k, j)
			_, err = h.reopen(t, h.journals[k][:len(h.journals[k])-1], h.heads[k])
			require.ErrorIs(t, err, ErrDamaged)
		}
	}
	for k := range h.journals {
		_, err := h.reopen(t, h.journals[k], nil)
		if k == 0 {
			require.NoError(t, err, "the box was being made")
		} else {
			require.ErrorContains(t, err, "checkpoint is missing")
		}
		_, err = h.reopen(t, nil, h.heads[k])
		require.ErrorContains(t, err, "ballots.log is missing")
	}
}

// A record that is whole although the checkpoint does not cover it was durable; it stays.
func TestKeepsAWholeRecordBeyondTheCheckpoint(t *testing.T) {
	h := newHistory(t, 3, true)
	for k := range h.journals[:len(h.journals)-1] {
		x, err := h.reopen(t, h.journals[k+1], h.heads[k])
		require.NoError(t, err)
		require.Equal(t, h.heads[k+1], x.Checkpoint().Note, "after %d ballots", k)
		require.NoError(t, x.Close())
	}
}

func TestRefusesDamageInTheMiddleWithItsOffset(t *testing.T) {
	h := newHistory(t, 3, false)
	whole := h.journals[3]
	start := len(h.journals[1]) // of the second record
	end := len(h.journals[2])
	for at := 0; at < end; at++ {
		if at > 200 && at < start || at > start+recordSize+8 && at%211 != 0 {
			continue
		}
		for _, head := range []int{3, 1} {
			damaged := bytes.Clone(whole)
			damaged[at] ^= 1 << (at % 8)
			_, err := h.reopen(t, damaged, h.heads[head])
			require.ErrorIs(t, err, ErrDamaged, "byte %d, checkpoint %d", at, head)
			if at >= start {
				require.ErrorContains(t, err, fmt.Sprintf("the record at offset %d, after 1 ballots", start))
			}
		}
	}
	// The same for the last record, which the checkpoint covers.
	for at := end; at < len(whole); at += 59 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 1 << (at % 8)
		_, err := h.reopen(t, damaged, h.heads[3])
		require.ErrorIs(t, err, ErrDamaged)
		require.ErrorContains(t, err, fmt.Sprintf("the record at offset %d", end))
	}
}

func TestRefusesACheckpointOfAnotherLog(t *testing.T) {
	h := newHistory(t, 2, false)
	swapped := newStage(t, electiontest.Config{})
	x, err := Open(swapped.dir, h.Manifest, h.config())
	require.NoError(t, err)
	h.cast(t, x, h.ballots[1])
	h.cast(t, x, h.ballots[0])
	other := x.Checkpoint()
	require.NoError(t, x.Close())

	_, err = h.reopen(t, h.journals[2], other.Note)
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, "the root of the first 2 ballots")

	bent := bytes.Clone(h.heads[2])
	bent[len(bent)-10] ^= 1
	_, err = h.reopen(t, h.journals[2], bent)
	require.ErrorIs(t, err, ErrDamaged)
	_, err = h.reopen(t, h.journals[2], swapped.signNote(t, h.receipts[1].Checkpoint.text()))
	require.ErrorIs(t, err, ErrDamaged, "signed with another key")
}

func TestRefusesRecordsAfterTheSeal(t *testing.T) {
	h := newHistory(t, 2, true)
	seal := h.journals[3][len(h.journals[2]):]
	_, err := h.reopen(t, append(bytes.Clone(h.journals[3]), seal...), h.heads[3])
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, "after the seal")
}

func TestRefusesRecordsThatHoldNoBallots(t *testing.T) {
	h := newHistory(t, 1, false)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, journalName), h.journals[0], 0o600))
	j, err := openJournal(opened(t, dir), h.Manifest.ID(), true)
	require.NoError(t, err)
	require.NoError(t, j.write(castTag, []byte{0, 9, 1, 2}))
	require.NoError(t, j.file.Close())
	b, err := os.ReadFile(filepath.Join(dir, journalName))
	require.NoError(t, err)
	_, err = h.reopen(t, b, h.heads[0])
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, "no whole ballots")

	require.NoError(t, os.WriteFile(filepath.Join(dir, journalName), h.journals[0], 0o600))
	j, err = openJournal(opened(t, dir), h.Manifest.ID(), true)
	require.NoError(t, err)
	_, err = j.append([][]byte{[]byte("not a ballot")})
	require.NoError(t, errors.Join(err, j.file.Close()))
	b, err = os.ReadFile(filepath.Join(dir, journalName))
	require.NoError(t, err)
	_, err = h.reopen(t, b, h.heads[0])
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorIs(t, err, ballot.ErrMalformed)
}

// A tail that is too long for one commit, or that has a good record in it, is no crash's work.
func TestRefusesToCutMoreThanACrashLeaves(t *testing.T) {
	h := newHistory(t, 2, false)
	long := append(bytes.Clone(h.journals[1]), make([]byte, recordSize+maxPayload+1)...)
	_, err := h.reopen(t, long, h.heads[1])
	require.ErrorContains(t, err, "more than a crash leaves")

	garbage := append(bytes.Clone(h.journals[1]), "garbage"...)
	x, err := h.reopen(t, garbage, h.heads[1])
	require.NoError(t, err)
	require.EqualValues(t, 1, x.Checkpoint().Size)

	hidden := append(garbage, h.journals[2][len(h.journals[1]):]...)
	_, err = h.reopen(t, hidden, h.heads[1])
	require.ErrorContains(t, err, fmt.Sprintf("a good record follows at offset %d", len(garbage)))
}
