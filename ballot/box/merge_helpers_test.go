package box

import (
	"context"
	"crypto/sha256"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/proof"
)

// published is the published log of box number n with any entries, whatever its rules say.
func (s *stage) published(tb testing.TB, n int, end string, entries ...[]byte) fstest.MapFS {
	tb.Helper()
	files := fstest.MapFS{}
	var hashes tree
	for i, raw := range entries {
		require.NoError(tb, hashes.add(uint64(i), tlog.RecordHash(raw)))
	}
	size := uint64(len(entries))
	for level := entriesLevel; level <= maxLevel; level++ {
		require.NoError(tb, tilesOf(level, size, func(t tile) error {
			var content []byte
			if level != entriesLevel {
				content = hashes.tile(t)
			} else {
				for _, raw := range entries[t.n*tileWidth : t.end()] {
					content = appendEntry(content, raw)
				}
			}
			files[t.path()] = &fstest.MapFile{Data: content}
			return nil
		}))
	}
	root, err := hashes.root(size)
	require.NoError(tb, err)
	c := &Checkpoint{Origin: originOf(s.Manifest, s.Manifest.Logs()[n-1].Origin), Size: size, Hash: root, Closed: end == closedLine}
	signer, err := note.NewSigner(s.LogKeys[n-1])
	require.NoError(tb, err)
	signed, err := note.Sign(&note.Note{Text: c.text()}, signer)
	require.NoError(tb, err)
	files[checkpointName] = &fstest.MapFile{Data: signed}
	return files
}

// log is a published log, sealed.
func (s *stage) log(tb testing.TB, n int, ballots ...*ballot.Ballot) *Log {
	tb.Helper()
	return s.opened(tb, s.published(tb, n, closedLine, raws(ballots)...))
}

func (s *stage) opened(tb testing.TB, files fstest.MapFS) *Log {
	tb.Helper()
	l, err := OpenLog(files, s.Manifest)
	require.NoError(tb, err)
	return l
}

func (s *stage) merge(tb testing.TB, logs ...*Log) *Merged {
	tb.Helper()
	r, err := Merge(context.Background(), s.Manifest, s.verifier, logs, nil)
	require.NoError(tb, err)
	return r
}

// counted are the ballots that count, by nullifier.
func counted(tb testing.TB, r *Merged) map[proof.Nullifier][32]byte {
	tb.Helper()
	out := map[proof.Nullifier][32]byte{}
	last := Place{}
	for b, err := range r.Counted(context.Background()) {
		require.NoError(tb, err)
		require.True(tb, b.Box > last.Box || b.Box == last.Box && (b.Index > last.Index || last == Place{b.Box, 0}), "%v after %v", b.Place, last)
		last = b.Place
		parsed, err := ballot.ParseBallot(r.manifest, b.Raw)
		require.NoError(tb, err)
		require.NotContains(tb, out, parsed.Nullifier(), "a voter has two ballots")
		out[parsed.Nullifier()] = sha256.Sum256(b.Raw)
	}
	require.Len(tb, out, int(r.Voters))
	return out
}

// requireCounted says that exactly these ballots count.
func requireCounted(tb testing.TB, r *Merged, ballots ...*ballot.Ballot) {
	tb.Helper()
	want := map[proof.Nullifier][32]byte{}
	for _, b := range ballots {
		want[b.Nullifier()] = b.Digest()
	}
	require.Equal(tb, want, counted(tb, r))
}

func raws(ballots []*ballot.Ballot) (out [][]byte) {
	for _, b := range ballots {
		out = append(out, b.Bytes())
	}
	return out
}

// rekeyed is a ballot of voter i under another ballot key than an honest device's.
func (s *stage) rekeyed(tb testing.TB, i int, sequence uint32, n int) *ballot.Ballot {
	tb.Helper()
	c := s.Credential(tb, i).Bytes()
	id := s.Manifest.ID()
	k := c[1+32 : 1+32+32]
	copy(k, make([]byte, 31))
	k[31] = 5
	other, err := ballot.ParseCredential(s.Manifest, c) // for K = 5 G
	require.NoError(tb, err)
	sealed, err := other.Encrypt(electiontest.Votes(n))
	require.NoError(tb, err)
	unproven, err := sealed.Sign(sequence)
	require.NoError(tb, err)

	path, err := s.Census.Path(uint64(i))
	require.NoError(tb, err)
	key := unproven.Bytes()[1+32+32:][:64]
	m, err := s.Key.Prove(context.Background(), s.Identities[i], proof.Statement{
		Path: path, Scope: proof.Scope(id), Message: transcript.Digest("credential", id[:], key),
	})
	require.NoError(tb, err)
	copy(c[1+32+32+32+8:], m.Proof[:])
	other, err = ballot.ParseCredential(s.Manifest, c)
	require.NoError(tb, err)
	sealed, err = other.Encrypt(electiontest.Votes(n))
	require.NoError(tb, err)
	b, err := sealed.Sign(sequence)
	require.NoError(tb, err)
	require.NoError(tb, s.verifier.Verify(context.Background(), b))
	return b
}

// permutations calls visit with every order of the logs.
func permutations(logs []*Log, visit func([]*Log)) {
	var walk func(k int)
	logs = slices.Clone(logs)
	walk = func(k int) {
		if k == len(logs) {
			visit(slices.Clone(logs))
			return
		}
		for i := k; i < len(logs); i++ {
			logs[k], logs[i] = logs[i], logs[k]
			walk(k + 1)
			logs[k], logs[i] = logs[i], logs[k]
		}
	}
	walk(0)
}
