package hostile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/ceremony"
	"github.com/scrutin/scrutin/proof/prover"
	"github.com/scrutin/scrutin/proof/zkey"
	"github.com/scrutin/scrutin/tally"
)

const large = 10 << 20

// Ten megabytes, whatever they are made of, are refused for a little memory: the lengths that are possible are
// known before anything is decoded.
func TestAttack28TenMegabytesAreRefusedInLittleMemory(t *testing.T) {
	fill := func(head, unit, tail string) []byte {
		n := (large - len(head) - len(tail)) / len(unit)
		return []byte(head + strings.Repeat(unit, n) + tail)
	}
	inputs := map[string][]byte{
		"zeros":     make([]byte, large),
		"0xff":      bytes.Repeat([]byte{0xff}, large),
		"digits":    fill("", "9", ""),
		"nested":    fill("", "[", ""),
		"objects":   fill("", `{"a":`, ""),
		"list":      fill("[", "0,", "0]"),
		"text":      fill(`"`, "a", `"`),
		"escapes":   fill(`"`, `\u0000`, `"`),
		"members":   fill(`{"a":0`, `,"a":0`, "}"),
		"lines":     fill("", "\n", ""),
		"signature": fill("x\n\n", "— a AAAAAAAA\n", ""),
	}
	worst := map[string]uint64{}
	for _, d := range decoders(t) {
		own := map[string][]byte{
			"good, and zeros": append(bytes.Clone(d.good), make([]byte, large)...),
			"good, repeated":  bytes.Repeat(d.good, large/len(d.good)),
			// Lengths and counts at the front, as large as they can be said.
			"counts": append(bytes.Repeat([]byte{0xff}, 8), bytes.Repeat(d.good, large/len(d.good))...),
		}
		if bytes.HasPrefix(d.good, []byte("{")) {
			i := bytes.LastIndexByte(d.good, '}')
			own["one member more"] = append(bytes.Clone(d.good[:i]), fill(`,"~":[`, "0,", "0]}")...)
		}
		for _, list := range []map[string][]byte{inputs, own} {
			for name, b := range list {
				allocated := allocatedBy(func() { require.Error(t, d.decode(b), "%s: %s", d.name, name) })
				worst[d.name] = max(worst[d.name], allocated)
			}
		}
	}
	most := map[string]uint64{
		"tally.ParseCeremony":        8 * large,     // the document of 64 trustees may have 16 MiB
		"ballot.ParseElectionID":     large + 1<<16, // this test makes a string of the bytes
		"ballot/box.ParseWitnessKey": large + 1<<16,
	}
	for name, n := range worst {
		t.Logf("%-45s %9d bytes", name, n)
		if most[name] == 0 {
			most[name] = 1 << 16
		}
		assert.Less(t, n, most[name], name)
	}
}

// Counts that are said and not there: small inputs take small memory.
func TestAttack28CountsAreNotBelieved(t *testing.T) {
	for _, d := range decoders(t) {
		for at := 0; at+8 <= min(len(d.good), 400); at++ {
			b := bytes.Clone(d.good)
			copy(b[at:], []byte{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
			allocated := allocatedBy(func() { _ = d.decode(b) })
			require.Less(t, allocated, uint64(1<<20+64*len(b)), "%s: a length at byte %d", d.name, at)
		}
	}
}

func TestAttack28AManifestOfAMillionQuestions(t *testing.T) {
	m := electiontest.New(t, electiontest.Config{}).Manifest.Bytes()
	at := bytes.Index(m, []byte(`"questions":[`)) + len(`"questions":[`)
	question := string(m[at : at+bytes.Index(m[at:], []byte(`},{"id":"projects"`))+1])
	for name, unit := range map[string]string{"whole": question + ",", "empty": "{},", "null": "null,"} {
		n := 1_000_000
		if len(unit) > 100 {
			n = 100_000 // 50 MB
		}
		b := []byte(string(m[:at]) + strings.Repeat(unit, n) + string(m[at:]))
		allocated := allocatedBy(func() {
			_, err := ballot.ParseManifest(b)
			require.ErrorIs(t, err, ballot.ErrMalformed)
		})
		require.Less(t, allocated, uint64(64<<10), name)
	}
}

func TestAttack28ACeremonyOfAMillionMessages(t *testing.T) {
	b := must(os.ReadFile(filepath.Join(record, tally.CeremonyFile)))
	c, err := tally.ParseCeremony(b)
	require.NoError(t, err)
	at := bytes.Index(b, []byte(`"messages":[`)) + len(`"messages":[`)
	require.Greater(t, at, 20)
	message := string(b[at : at+bytes.IndexByte(b[at:], ',')+1])
	for name, unit := range map[string]string{"one of it": message, "empty": `"",`, "null": "null,", "numbers": "0,"} {
		n := 1_000_000
		if len(unit) > 100 {
			n = 100_000 // 100 MB
		}
		many := []byte(string(b[:at]) + strings.Repeat(unit, n) + string(b[at:]))
		allocated := allocatedBy(func() {
			_, err := tally.ParseCeremony(many)
			require.ErrorIs(t, err, tally.ErrMalformed, name)
		})
		require.Less(t, allocated, uint64(64<<10), name)
	}

	// A ceremony that is under way takes a million messages from anybody, and keeps none.
	roster := c.Roster()
	fresh, err := tally.NewCeremony(roster)
	require.NoError(t, err)
	empty := fresh.Transcript()
	before := live()
	noise := make([]byte, 300)
	for i := range 1_000_000 {
		noise[0], noise[50], noise[51], noise[52] = 1, byte(i), byte(i>>8), byte(i>>16)
		require.Error(t, fresh.Add(noise))
	}
	require.Error(t, fresh.Add(make([]byte, large)))
	require.Equal(t, empty, fresh.Transcript())
	require.Less(t, live(), before+1<<20)
	runtime.KeepAlive(fresh)
}

// live returns how many bytes are in use after a collection.
func live() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A box refuses ballots of ten megabytes, many times, and keeps nothing of them.
func TestAttack28ABoxKeepsNothingOfWhatItRefuses(t *testing.T) {
	e := electiontest.New(t, electiontest.Config{})
	x, err := box.Open(t.TempDir(), e.Manifest, box.Config{Verifier: e.Verifier(t), Key: e.LogKey, Signatures: e.Signatures, Now: func() time.Time { return time.Unix(e.Manifest.Opens(), 0) }})
	require.NoError(t, err)
	defer x.Close()
	raw := append(e.Ballot(t, 0, 0, 0).Bytes(), make([]byte, large)...)
	cast := func() {
		_, err := x.Cast(context.Background(), raw)
		require.ErrorIs(t, err, ballot.ErrMalformed)
	}
	cast()
	before := live()
	allocated := allocatedBy(func() {
		for range 50 {
			cast()
		}
	})
	require.Less(t, allocated/50, uint64(64<<10), "bytes for each refusal")
	require.Less(t, live(), before+1<<20)
}

// Each file of a record, of a log, a census, a set-up ceremony and of proving keys is 10 GB long, which costs nothing to
// whoever makes it: it is sparse. All are refused, or read no further than they can be of use.
func TestAttack28SparseFilesOfTenGigabytes(t *testing.T) {
	const size = 10 << 30
	base := t.TempDir()
	require.NoError(t, os.CopyFS(base, os.DirFS(record)))
	vector := must(ballot.ParseManifest(must(os.ReadFile(filepath.Join(record, tally.ManifestFile)))))
	members := func() *census.Tree {
		e := electiontest.New(t, electiontest.Config{})
		return e.Census
	}()
	stored := filepath.Join(t.TempDir(), "census")
	require.NoError(t, members.Save(stored))
	setUp := t.TempDir()
	for _, name := range []string{ceremony.PowersFile, ceremony.OriginFile, ceremony.StartFile, ceremony.TranscriptFile, ceremony.ContributionFile(1), ceremony.Phase1File(1)} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(setUp, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(setUp, name), nil, 0o600))
		require.NoError(t, os.Truncate(filepath.Join(setUp, name), size))
	}
	sparse := filepath.Join(setUp, "sparse")
	require.NoError(t, os.WriteFile(sparse, nil, 0o600))
	require.NoError(t, os.Truncate(sparse, size))
	file := must(os.Open(sparse))
	defer file.Close()

	frugal := func(what string, limit uint64, f func() error) {
		t.Helper()
		var err error
		allocated := allocatedBy(func() { err = f() })
		t.Logf("%-40s %9d bytes: %.90v", what, allocated, err)
		require.Error(t, err, what)
		require.Less(t, allocated, limit, what)
	}
	require.NoError(t, fs.WalkDir(os.DirFS(base), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		path := filepath.Join(base, filepath.FromSlash(name))
		good := must(os.ReadFile(path))
		require.NoError(t, os.Truncate(path, size))
		frugal(name, 64<<20, func() error {
			r, err := tally.Audit(context.Background(), os.DirFS(base), vector.ID(), &tally.AuditOptions{AcceptKeys: []string{proof.OneParty}})
			if err == nil {
				err = r.Err()
			}
			return err
		})
		switch {
		case strings.HasPrefix(name, tally.LogDir+"/"):
			frugal(name+", as a log", 64<<20, func() error {
				l, err := box.OpenLog(must(fs.Sub(os.DirFS(base), tally.LogDir)), vector)
				if err != nil {
					return err
				}
				for _, err := range l.Entries(context.Background()) {
					if err != nil {
						return err
					}
				}
				if strings.Contains(name, "/tile/0/") {
					return errors.New("a hash tile that nobody asked for") // Entries recompute them
				}
				return nil
			})
		case strings.HasPrefix(name, tally.CensusDir+"/"):
			frugal(name+", as a census", 4<<20, func() error {
				_, err := census.Read(context.Background(), os.DirFS(base+"/"+tally.CensusDir))
				return err
			})
			frugal(name+", as a path", 1<<20, func() error {
				_, err := census.ReadPath(os.DirFS(base+"/"+tally.CensusDir), 0, census.Commitment{31: 1})
				return err
			})
		}
		return os.WriteFile(path, good, 0o600)
	}))

	require.NoError(t, os.Truncate(stored, size))
	frugal("a stored census", 4<<20, func() error { _, err := census.Open(context.Background(), stored); return err })
	frugal("a set-up ceremony", 4<<20, func() error { _, err := ceremony.Open(context.Background(), os.DirFS(setUp)); return err })
	frugal("its first phase", 64<<20, func() error {
		_, err := ceremony.OpenPhase1(context.Background(), os.DirFS(setUp), prover.Relation{Depth: 1})
		return err
	})
	provenance := fmt.Sprintf("set-up ceremony sha256:%064x", 1)
	key := electiontest.New(t, electiontest.Config{}).Key.VerifyingKey()
	frugal("its transcript", 4<<20, func() error {
		_, err := ceremony.Check(context.Background(), os.DirFS(setUp), provenance, key)
		return err
	})
	frugal("powers", 4<<20, func() error {
		_, err := ceremony.ReadPtau(file, size, prover.Relation{Depth: 1}, "sparse")
		return err
	})
	frugal("a proving key", 32<<20, func() error { _, err := prover.ReadProvingKey(file, [32]byte{}); return err })
	for _, name := range []string{"semaphore-16.zkey", "semaphore-16.wasm"} {
		require.NoError(t, os.Link(sparse, filepath.Join(setUp, name)))
	}
	frugal("keys of Semaphore's ceremony", 64<<20, func() error { _, err := zkey.Open(os.DirFS(setUp), 16, [32]byte{}); return err })
	trustee := filepath.Join(t.TempDir(), "trustee")
	require.NoError(t, os.WriteFile(trustee, nil, 0o600))
	require.NoError(t, os.Truncate(trustee, size))
	frugal("a trustee's file", 1<<20, func() error { _, err := tally.OpenTrustee(trustee, []byte("passphrase")); return err })
	frugal("a roll of one line", 4<<20, func() error {
		_, err := file.Seek(0, 0)
		require.NoError(t, err)
		_, err = census.BuildCSV(context.Background(), 16, file)
		return err
	})
	frugal("a roll of one line of JSON", 4<<20, func() error {
		_, err := file.Seek(0, 0)
		require.NoError(t, err)
		_, err = census.BuildJSONLines(context.Background(), 16, file)
		return err
	})
}
