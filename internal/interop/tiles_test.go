package interop

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"filippo.io/torchwood"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// A poll is a box that ballots go into, and the directory in which its log is published.
type poll struct {
	*electiontest.Election
	box     *box.Box
	now     time.Time
	public  string
	ballots map[int64]*ballot.Ballot
	mu      sync.Mutex
}

func newPoll(t *testing.T, voters int) *poll {
	t.Helper()
	p := &poll{Election: electiontest.New(t, electiontest.Config{Voters: voters}), public: t.TempDir(), ballots: map[int64]*ballot.Ballot{}}
	p.now = time.Unix(p.Manifest.Opens(), 0)
	var err error
	p.box, err = box.Open(filepath.Join(t.TempDir(), "box"), p.Manifest, box.Config{
		Verifier: p.Verifier(t), Key: p.LogKey, Signatures: p.Signatures, Now: func() time.Time { return p.now },
	})
	require.NoError(t, err)
	t.Cleanup(func() { p.box.Close() })
	return p
}

// cast casts the ballots of voters from, from+1 .. to-1, at once, and publishes the log.
func (p *poll) cast(t *testing.T, from, to int) {
	t.Helper()
	var wg sync.WaitGroup
	for i := from; i < to; i++ {
		b := p.Ballot(t, i, 0, i)
		wg.Go(func() {
			r, err := p.box.Cast(context.Background(), b.Bytes())
			if err != nil {
				t.Error(err)
				return
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			p.ballots[int64(r.Index)] = b
		})
	}
	wg.Wait()
	require.NoError(t, p.box.Export(p.public))
}

// policy trusts the manifest's log key for the log's origin line, which holds the election id too.
func (p *poll) policy(t *testing.T) torchwood.Policy {
	t.Helper()
	v, err := note.NewVerifier(p.Manifest.Log().Key)
	require.NoError(t, err)
	return torchwood.ThresholdPolicy(2, torchwood.SingleVerifierPolicy(v), torchwood.OriginPolicy(p.origin()))
}

func (p *poll) origin() string { return fmt.Sprintf("%s/%s", electiontest.Origin, p.Manifest.ID()) }

func (p *poll) published(t *testing.T) torchwood.Checkpoint {
	t.Helper()
	signed, err := os.ReadFile(filepath.Join(p.public, "checkpoint"))
	require.NoError(t, err)
	c, _, err := torchwood.VerifyCheckpoint(signed, p.policy(t))
	require.NoError(t, err)
	return c
}

// Torchwood reads the tiles, entries and checkpoints of a box, proves that each ballot is included
// and that every log extends those before, and verifies receipts.
func TestTilesWithTorchwood(t *testing.T) {
	const voters = 300
	p := newPoll(t, voters)
	ctx := context.Background()
	tiles, err := torchwood.NewTileFS(os.DirFS(p.public))
	require.NoError(t, err)
	client, err := torchwood.NewClient(tiles)
	require.NoError(t, err)

	var older []tlog.Tree
	have := 0
	for _, size := range []int{1, 2, 7, 255, 256, 257, voters} {
		p.cast(t, have, size)
		have = size
		c := p.published(t)
		require.EqualValues(t, size, c.N)
		hashes := torchwood.TileHashReaderWithContext(ctx, c.Tree, tiles)
		for _, old := range older {
			proof, err := tlog.ProveTree(c.N, old.N, hashes)
			require.NoError(t, err)
			require.NoError(t, tlog.CheckTree(proof, c.N, c.Hash, old.N, old.Hash))
		}
		older = append(older, c.Tree)

		for _, i := range []int64{0, int64(size) / 2, int64(size) - 1} {
			entry, proof, err := client.Entry(ctx, c.Tree, i)
			require.NoError(t, err)
			require.Equal(t, p.ballots[i].Bytes(), entry)
			require.NoError(t, tlog.CheckRecord(proof, c.N, c.Hash, i, tlog.RecordHash(entry)))
		}
	}
	p.now = time.Unix(p.Manifest.Closes(), 0)
	_, err = p.box.Seal(ctx)
	require.NoError(t, err)
	require.NoError(t, p.box.Export(p.public))
	c := p.published(t)
	require.Equal(t, "closed\n", c.Extension)

	read := 0
	for i, entry := range client.AllEntries(ctx, c.Tree, 0) {
		require.EqualValues(t, read, i)
		require.Equal(t, p.ballots[i].Bytes(), entry)
		read++
	}
	require.NoError(t, client.Err())
	require.Equal(t, voters, read)

	for i := int64(0); i < voters; i += 37 {
		r, err := p.box.Cast(ctx, p.ballots[i].Bytes())
		require.NoError(t, err)
		require.NoError(t, torchwood.VerifyProof(p.policy(t), tlog.RecordHash(p.ballots[i].Bytes()), r.Bytes()))
		require.Error(t, torchwood.VerifyProof(p.policy(t), tlog.RecordHash(p.ballots[i+1].Bytes()), r.Bytes()))
		require.Equal(t, r.Bytes(), torchwood.FormatProof(i, r.Proof, r.Checkpoint.Note))
	}
}

// A cosignature of one software verifies with the other.
func TestCosignaturesWithTorchwood(t *testing.T) {
	const name = "witness.example.org/w1"
	p := newPoll(t, 1)
	p.cast(t, 0, 1)

	skey, vkey, err := box.GenerateWitnessKey(name)
	require.NoError(t, err)
	w, err := box.OpenWitness(filepath.Join(t.TempDir(), "w1"), p.Manifest, box.WitnessConfig{Key: skey})
	require.NoError(t, err)
	defer w.Close()
	cosigned, err := w.Cosign(p.box.Checkpoint().Note, nil)
	require.NoError(t, err)
	theirs, err := torchwood.NewCosignatureVerifier(vkey)
	require.NoError(t, err)
	require.Equal(t, vkey, theirs.String())
	policy := torchwood.ThresholdPolicy(2, p.policy(t), torchwood.SingleVerifierPolicy(theirs))
	_, n, err := torchwood.VerifyCheckpoint(cosigned, policy)
	require.NoError(t, err)
	require.Len(t, n.Sigs, 2)
	seconds, err := torchwood.CosignatureTimestamp(n.Sigs[1])
	require.NoError(t, err)
	require.InDelta(t, time.Now().Unix(), seconds, 60)
	_, _, err = torchwood.VerifyCheckpoint(p.box.Checkpoint().Note, policy)
	require.Error(t, err)

	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := torchwood.NewCosignatureSigner(name, private)
	require.NoError(t, err)
	key, err := box.ParseWitnessKey(signer.Verifier().String())
	require.NoError(t, err)
	require.Equal(t, signer.KeyHash(), key.KeyHash())
	n, err = note.Open(cosigned, torchwood.SingleVerifierPolicy(theirs))
	require.NoError(t, err)
	both, err := note.Sign(n, signer)
	require.NoError(t, err)
	c, err := box.ParseCheckpoint(p.Manifest, both)
	require.NoError(t, err)
	require.Len(t, c.Cosignatures(w.Key(), key), 2)
}
