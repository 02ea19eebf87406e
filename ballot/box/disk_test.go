package box

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// oneQuestion makes the ballots small.
func oneQuestion(d *ballot.Draft) { d.Questions = d.Questions[:1] }

func smallBallots(tb testing.TB, s *stage, n int) []*ballot.Ballot {
	tb.Helper()
	var ballots []*ballot.Ballot
	for i := range n {
		ballots = append(ballots, smallBallot(tb, s, i, 0))
	}
	return ballots
}

// smallBallot is a ballot of voter i in an election of oneQuestion.
func smallBallot(tb testing.TB, s *stage, i int, sequence uint32) *ballot.Ballot {
	tb.Helper()
	sealed, err := s.Credential(tb, i).Encrypt(map[ballot.QuestionID]ballot.Vote{"treaty": ballot.Choose("yes")})
	require.NoError(tb, err)
	b, err := sealed.Sign(sequence)
	require.NoError(tb, err)
	return b
}

// A crash within the last commit leaves any number of the bytes of its record.
func TestCutsTheLastRecordAtEveryByte(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	d := newMemDisk()
	j, err := openJournal(d, s.Manifest.ID(), true)
	require.NoError(t, err)
	_, err = j.append(numbered(3))
	require.NoError(t, err)
	keep := j.end
	_, err = j.append(numbered(2))
	require.NoError(t, err)
	whole := d.names[journalName].data
	require.Len(t, whole, int(j.end))

	for size := keep; size <= j.end; size++ {
		d.names[journalName].data = bytes.Clone(whole[:size])
		j, err := openJournal(d, s.Manifest.ID(), false)
		require.NoError(t, err)
		r, err := j.read(never, func([]byte, place) error { return nil })
		require.NoError(t, err)
		switch size {
		case keep:
			require.NoError(t, r.damage)
			require.EqualValues(t, 3, j.count)
		case int64(len(whole)):
			require.NoError(t, r.damage)
			require.EqualValues(t, 5, j.count)
		default:
			require.Error(t, r.damage, "cut at %d", size)
			require.EqualValues(t, 3, j.count)
			require.NoError(t, j.cut(r))
			require.Equal(t, whole[:keep], d.names[journalName].data)
		}
	}
}

// Each bit of a record counts.
func TestEveryBitOfTheJournalIsChecked(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	d := newMemDisk()
	j, err := openJournal(d, s.Manifest.ID(), true)
	require.NoError(t, err)
	_, err = j.append(numbered(2))
	require.NoError(t, err)
	require.NoError(t, j.seal())
	whole := d.names[journalName].data

	header := len(journalHeader(s.Manifest.ID()))
	for bit := range 8 * len(whole) {
		damaged := bytes.Clone(whole)
		damaged[bit/8] ^= 1 << (bit % 8)
		d.names[journalName].data = damaged
		j, err := openJournal(d, s.Manifest.ID(), false)
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			require.Less(t, bit/8, header)
			continue
		}
		r, err := j.read(never, func([]byte, place) error { return nil })
		require.NoError(t, err)
		require.Error(t, r.damage, "bit %d", bit)
	}
}

// A record has one place, in one election.
func TestRecordsDoNotMove(t *testing.T) {
	s, other := newStage(t, electiontest.Config{}), newStage(t, electiontest.Config{})
	journalOf := func(s *stage) (*memDisk, *journal) {
		d := newMemDisk()
		j, err := openJournal(d, s.Manifest.ID(), true)
		require.NoError(t, err)
		_, err = j.append(numbered(2))
		require.NoError(t, err)
		return d, j
	}
	damage := func(data []byte) error {
		d := newMemDisk()
		d.names[journalName] = &memFile{disk: d, data: data}
		j, err := openJournal(d, s.Manifest.ID(), false)
		require.NoError(t, err)
		r, err := j.read(never, func([]byte, place) error { return nil })
		require.NoError(t, err)
		return r.damage
	}
	d, j := journalOf(s)
	data, header := d.names[journalName].data, len(j.header)
	require.NoError(t, damage(data))
	require.ErrorContains(t, damage(append(bytes.Clone(data), data[header:]...)), "its first ballot is number 0, 2 wanted")
	foreign, _ := journalOf(other)
	require.ErrorContains(t, damage(append(bytes.Clone(data[:header]), foreign.names[journalName].data[header:]...)), "its checksum is wrong")
}
