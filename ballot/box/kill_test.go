//go:build unix

package box

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/proof"
)

// A crew is what the process of a box needs, in a file.
type crew struct {
	Manifest, Key, Ballot []byte
	Signatures            []ballot.Signature
	LogKey                string
}

const crewVariable = "SCRUTIN_BOX_CREW"

// A process is killed at a hundred random moments while it opens a box, casts and takes
// snapshots, and is started again. Each receipt that it wrote down is honoured for ever after.
func TestHonoursReceiptsOfAProcessThatWasKilled(t *testing.T) {
	if name := os.Getenv(crewVariable); name != "" {
		runCrew(t, name)
		return
	}
	kills := 100
	if testing.Short() {
		kills = 10
	}
	s := newStage(t, electiontest.Config{Voters: 1, Edit: oneQuestion})
	name := filepath.Join(t.TempDir(), "crew")
	content, err := json.Marshal(crew{s.Manifest.Bytes(), s.Key.VerifyingKey().Bytes(), smallBallot(t, s, 0, 0).Bytes(), s.Signatures, s.LogKey})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, content, 0o600))

	type said struct {
		leaf tlog.Hash
		head Checkpoint
	}
	receipts := map[uint64]said{}
	r := rand.New(rand.NewPCG(1, 2))
	busy := 0 // processes that were killed after a receipt
	for k := range kills {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		c.Env = append(os.Environ(), crewVariable+"="+name, "SCRUTIN_BOX_DIR="+s.dir)
		out, err := c.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, c.Start())
		lines := bufio.NewScanner(out)
		require.True(t, lines.Scan())
		require.Equal(t, "opening", lines.Text())
		// Every other one is killed soon, and the others some time after a receipt.
		kill := func() {
			delay := time.Duration(r.IntN(15_000)) * time.Microsecond
			time.AfterFunc(delay, func() { c.Process.Kill() })
		}
		if k%2 == 0 {
			kill()
		}
		heard := 0
		for lines.Scan() {
			var index uint64
			var d said
			var leaf, root string
			if n, _ := fmt.Sscanf(lines.Text(), "%d %s %d %s .", &index, &leaf, &d.head.Size, &root); n != 4 || !strings.HasSuffix(lines.Text(), " .") {
				require.NotContains(t, lines.Text(), "FAIL", "kill %d", k)
				continue // cut short by the kill
			}
			d.leaf, err = tlog.ParseHash(leaf)
			require.NoError(t, err)
			d.head.Hash, err = tlog.ParseHash(root)
			require.NoError(t, err)
			if old, ok := receipts[index]; ok {
				require.Equal(t, old.leaf, d.leaf)
			}
			receipts[index] = d
			if k == 1 && heard == 0 {
				_, err := Open(s.dir, s.Manifest, s.config())
				require.ErrorIs(t, err, ErrLocked, "the other process has it")
			}
			if k%2 == 1 && heard == 0 {
				kill()
			}
			heard++
		}
		require.ErrorContains(t, c.Wait(), "killed", "kill %d", k)
		if heard > 0 {
			busy++
		}

		x, err := Open(s.dir, s.Manifest, s.config())
		require.NoError(t, err, "kill %d", k)
		seen := map[proof.Nullifier]bool{}
		for n := range x.rules.Counted() {
			require.False(t, seen[n])
			seen[n] = true
		}
		require.Len(t, x.places, len(seen), "a nullifier twice")
		require.EqualValues(t, len(seen), x.Checkpoint().Size)
		for index, d := range receipts {
			require.Less(t, index, x.Checkpoint().Size, "kill %d", k)
			require.Equal(t, d.leaf, x.hashes.leaf(index), "kill %d", k)
			root, err := x.hashes.root(d.head.Size)
			require.NoError(t, err)
			require.Equal(t, d.head.Hash, root, "kill %d: the log does not extend the receipt's", k)
		}
		require.NoError(t, x.Close())
	}
	require.GreaterOrEqual(t, busy, kills/2)
	t.Logf("%d of %d processes were killed after a receipt; %d receipts", busy, kills, len(receipts))
}

// runCrew is the process: it opens the box, casts until it is killed, and writes down each receipt.
func runCrew(t *testing.T, name string) {
	var c crew
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &c))
	m, err := ballot.ParseManifest(c.Manifest)
	require.NoError(t, err)
	key, err := proof.ParseVerifyingKey(c.Key)
	require.NoError(t, err)
	v, err := ballot.NewVerifier(m, ballot.AcceptKey(key))
	require.NoError(t, err)

	fmt.Println("opening")
	x, err := Open(os.Getenv("SCRUTIN_BOX_DIR"), m, Config{Verifier: v, Key: c.LogKey, Signatures: c.Signatures,
		Now: func() time.Time { return time.Unix(m.Opens(), 0) }})
	require.NoError(t, err)
	x.policy = snapshotPolicy{end: 1, between: 7}
	x.verify = acceptAll
	start := x.Checkpoint().Size
	for k := range uint64(3) {
		go func() {
			for n := start + k; ; n += 3 {
				raw := nullified(c.Ballot, n)
				r, err := x.Cast(t.Context(), raw)
				if err != nil {
					fmt.Println("FAIL", err)
					return
				}
				fmt.Printf("%d %s %d %s .\n", r.Index, tlog.RecordHash(raw), r.Checkpoint.Size, r.Checkpoint.Hash)
			}
		}()
	}
	time.Sleep(time.Minute)
	t.Fatal("nobody killed this process")
}
