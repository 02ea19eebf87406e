package box

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/internal/permissiontest"
)

const witnessName = "witness.example.org/w1"

// A guard is a witness of a stage's log, with its key and file.
type guard struct {
	*Witness
	file   string
	config WitnessConfig
}

func (s *stage) guard(tb testing.TB) *guard {
	tb.Helper()
	skey, _, err := GenerateWitnessKey(witnessName)
	require.NoError(tb, err)
	g := &guard{file: filepath.Join(tb.TempDir(), "state", "w1"), config: WitnessConfig{Key: skey, Now: func() time.Time { return time.Unix(s.clock.Load(), 0) }}}
	g.open(tb, s)
	return g
}

func (g *guard) open(tb testing.TB, s *stage) {
	tb.Helper()
	var err error
	g.Witness, err = OpenWitness(g.file, s.Manifest, g.config)
	require.NoError(tb, err)
	tb.Cleanup(func() { g.Close() })
}

func (g *guard) takes(tb testing.TB, s *stage, c *Checkpoint, p tlog.TreeProof) *Checkpoint {
	tb.Helper()
	b, err := g.Cosign(c.Note, p)
	require.NoError(tb, err)
	cosigned, err := ParseCheckpoint(s.Manifest, b)
	require.NoError(tb, err)
	require.Equal(tb, c.Digest(), cosigned.Digest())
	signatures := cosigned.Cosignatures(g.Key())
	require.Len(tb, signatures, 1)
	require.Equal(tb, s.clock.Load(), signatures[0].Time.Unix())
	require.Equal(tb, cosigned, g.Last())
	return cosigned
}

func TestWitnessFollowsABox(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	g := s.guard(t)
	require.Nil(t, g.Last())
	g.takes(t, s, x.Checkpoint(), nil) // of no ballots

	var heads []*Checkpoint
	for i := range 9 {
		s.clock.Add(1)
		s.logBytes(t, x, []byte{byte(i)})
		heads = append(heads, x.Checkpoint())
		var p tlog.TreeProof
		if i > 0 {
			var err error
			p, err = CheckConsistency(s.Manifest, g.Last(), heads[i], publish(t, x))
			require.NoError(t, err)
			_, err = g.Cosign(heads[i].Note, p[:len(p)-1])
			require.ErrorIs(t, err, ErrNotExtended)
			p[0][0] ^= 1
			_, err = g.Cosign(heads[i].Note, p)
			require.ErrorIs(t, err, ErrNotExtended)
			require.False(t, errors.As(err, new(*Evidence)), "a wrong proof is no fraud of the operator's")
			p[0][0] ^= 1
		}
		g.takes(t, s, heads[i], p)
		s.clock.Add(1)
		g.takes(t, s, heads[i], nil) // again, at a later time

		if i == 4 { // the witness restarts, and knows where it was
			_, err := OpenWitness(g.file, s.Manifest, g.config)
			require.ErrorIs(t, err, ErrLocked)
			last := g.Last()
			require.NoError(t, g.Close())
			require.NoError(t, g.Close())
			_, err = g.Cosign(heads[i].Note, nil)
			require.ErrorContains(t, err, "was closed")
			g.open(t, s)
			require.Equal(t, last, g.Last())
		}
	}
	last := g.Last()
	for _, old := range heads[:8] {
		_, err := g.Cosign(old.Note, nil)
		require.ErrorIs(t, err, ErrNotExtended)
		require.ErrorContains(t, err, fmt.Sprintf("it has %d ballots, closed: false; the last one has 9", old.Size))
		require.False(t, errors.As(err, new(*Evidence)), "an old checkpoint is no fraud")
	}
	require.Equal(t, last, g.Last())

	open := x.Checkpoint()
	g.takes(t, s, s.seal(t, x), nil)
	_, err := g.Cosign(open.Note, nil)
	require.ErrorIs(t, err, ErrNotExtended, "the log is closed")
	require.True(t, g.Last().Closed)
}

func TestWitnessCosignsOneOfTwoLogs(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.logBytes(t, x, numbered(3)...)
	y := s.another(t)
	s.logBytes(t, y, []byte("a"), []byte("b"), []byte("c"))
	g := s.guard(t)
	seen := g.takes(t, s, x.Checkpoint(), nil)
	for range 2 {
		_, err := g.Cosign(y.Checkpoint().Note, nil)
		s.evidence(t, err, Forked)
		require.Equal(t, seen, g.Last())
		require.NoError(t, g.Close())
		g.open(t, s)
	}
	s.logBytes(t, y, []byte("d"))
	p, err := tlog.ProveTree(4, 3, y.hashes)
	require.NoError(t, err)
	_, err = g.Cosign(y.Checkpoint().Note, p)
	require.ErrorIs(t, err, ErrNotExtended)

	opens := s.clock.Load()
	sealed := s.seal(t, y)
	s.logBytes(t, x, []byte("4"), []byte("5"))
	p, err = tlog.ProveTree(5, 3, x.hashes)
	require.NoError(t, err)
	g.takes(t, s, x.Checkpoint(), p)
	_, err = g.Cosign(sealed.Note, nil)
	s.evidence(t, err, Reopened) // closed below what was seen
	s.clock.Store(opens)

	h := s.guard(t)
	h.takes(t, s, sealed, nil)
	_, err = h.Cosign(x.Checkpoint().Note, nil)
	s.evidence(t, err, Reopened)
}

func TestWitnessRefusesWhatTheBoxDidNotSign(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	other := newStage(t, electiontest.Config{})
	g := s.guard(t)
	_, err := g.Cosign(other.open(t).Checkpoint().Note, nil)
	require.ErrorIs(t, err, ballot.ErrInvalid)
	_, err = g.Cosign(nil, nil)
	require.ErrorIs(t, err, ballot.ErrMalformed)
	refusal := s.refused(t, s.open(t), nil, ballot.ErrMalformed)
	_, err = g.Cosign(refusal.Note, nil)
	require.ErrorIs(t, err, ballot.ErrMalformed)
	require.Nil(t, g.Last())
	_, err = os.Stat(g.file)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A published checkpoint carries cosignatures; readers of the log, and the box, take it.
func TestReadersTakeCosignedCheckpoints(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 2})
	x := s.open(t)
	b := s.Ballot(t, 0, 0, 0)
	s.cast(t, x, b)
	dir := t.TempDir()
	require.NoError(t, x.Export(dir))
	first, second := s.guard(t), s.guard(t)
	cosigned := first.takes(t, s, x.Checkpoint(), nil)
	cosigned = second.takes(t, s, cosigned, nil)
	require.Len(t, cosigned.Cosignatures(first.Key(), second.Key(), s.guard(t).Key()), 2)
	require.NoError(t, os.WriteFile(filepath.Join(dir, checkpointName), cosigned.Note, 0o600))

	l := s.openLog(t, os.DirFS(dir))
	require.Equal(t, cosigned, l.Checkpoint())
	read, err := entriesOf(t, os.DirFS(dir), s.Manifest)
	require.NoError(t, err)
	require.Len(t, read, 1)
	r := s.cast(t, x, b)
	require.NoError(t, l.Honours(s.Manifest, r, b))
	r.Checkpoint = cosigned
	again, err := ParseReceipt(s.Manifest, r.Bytes())
	require.NoError(t, err)
	require.NoError(t, again.Verify(s.Manifest, b))
	s.cast(t, x, s.Ballot(t, 1, 0, 0))
	require.NoError(t, x.Export(dir), "the box's next export replaces it")
}

func TestCosignaturesCountOnlyWhatHolds(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.logBytes(t, x, numbered(2)...)
	g := s.guard(t)
	cosigned := g.takes(t, s, x.Checkpoint(), nil)
	key := g.Key()
	require.Len(t, cosigned.Cosignatures(key, key), 1, "one key is one witness")
	alias := &WitnessKey{"witness.example.org/w2", key.key}
	require.Len(t, cosigned.Cosignatures(key, alias), 1)
	require.Empty(t, cosigned.Cosignatures(alias), "the name is part of the key")
	require.Empty(t, cosigned.Cosignatures())
	require.Empty(t, x.Checkpoint().Cosignatures(key))

	changed := *cosigned
	changed.Size++
	require.Empty(t, changed.Cosignatures(key), "fields that nobody signed")

	// Every byte of the cosignature, its time included, is covered.
	i := bytes.LastIndexByte(cosigned.Note[:len(cosigned.Note)-1], ' ') + 1
	sig, err := base64.StdEncoding.DecodeString(string(cosigned.Note[i : len(cosigned.Note)-1]))
	require.NoError(t, err)
	require.Len(t, sig, 4+cosignatureSize)
	require.EqualValues(t, s.clock.Load(), binary.BigEndian.Uint64(sig[4:]))
	for at := range sig {
		sig[at] ^= 1
		changed := *cosigned
		changed.Note = fmt.Appendf(bytes.Clone(cosigned.Note[:i]), "%s\n", base64.StdEncoding.EncodeToString(sig))
		require.Empty(t, changed.Cosignatures(key), "byte %d", at)
		sig[at] ^= 1
	}

	// A plain signature of the checkpoint by the same key is no cosignature, nor is one of another text.
	private := g.signer.private
	line := func(sig []byte) *Checkpoint {
		c := *cosigned
		c.Note = fmt.Appendf(bytes.Clone(x.Checkpoint().Note), "— %s %s\n", key.name, base64.StdEncoding.EncodeToString(append(binary.BigEndian.AppendUint32(nil, key.KeyHash()), sig...)))
		return &c
	}
	text := []byte(cosigned.text())
	seconds := binary.BigEndian.AppendUint64(nil, 7)
	require.Len(t, line(append(seconds, ed25519.Sign(private, cosignedText(7, text))...)).Cosignatures(key), 1)
	for _, sig := range [][]byte{
		ed25519.Sign(private, text),
		append(bytes.Clone(seconds), ed25519.Sign(private, text)...),
		append(bytes.Clone(seconds), ed25519.Sign(private, cosignedText(8, text))...),
		append(bytes.Clone(seconds), ed25519.Sign(private, cosignedText(7, append(text, "closed\n"...)))...),
		append(bytes.Repeat([]byte{0xff}, 8), ed25519.Sign(private, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", uint64(1<<64-1), text))...),
		seconds, nil,
	} {
		require.Empty(t, line(sig).Cosignatures(key))
	}
}

// cosignedText is the message of c2sp.org/tlog-cosignature, written down once more.
func cosignedText(seconds int, text []byte) []byte {
	return []byte("cosignature/v1\ntime " + fmt.Sprint(seconds) + "\n" + string(text))
}

// Others may add so many lines that there is no room for one more. They do not keep a witness from signing.
func TestWitnessSignsNotesFullOfSignatures(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	for _, lines := range []int{1, 98, 99} {
		signed := x.Checkpoint().Note
		for i := range lines {
			signed = fmt.Appendf(signed, "— other.example.org/%d %s\n", i, base64.StdEncoding.EncodeToString(make([]byte, 76)))
		}
		g := s.guard(t)
		b, err := g.Cosign(signed, nil)
		require.NoError(t, err)
		c, err := ParseCheckpoint(s.Manifest, b)
		require.NoError(t, err)
		require.Len(t, c.Cosignatures(g.Key()), 1)
		kept := bytes.Count(b, []byte("— other"))
		require.Equal(t, map[bool]int{true: lines, false: 0}[lines < 99], kept)
	}
}

func TestWitnessFileIsChecked(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	g := s.guard(t)
	cosigned := g.takes(t, s, x.Checkpoint(), nil)
	require.NoError(t, g.Close())
	opens := func(content []byte, m *ballot.Manifest) error {
		require.NoError(t, os.WriteFile(g.file, content, 0o600))
		w, err := OpenWitness(g.file, m, g.config)
		if err == nil {
			require.NoError(t, w.Close())
		}
		return err
	}
	require.NoError(t, opens(cosigned.Note, s.Manifest))
	require.ErrorIs(t, opens(nil, s.Manifest), ErrDamaged, "an empty file is a lost memory")
	require.ErrorIs(t, opens(cosigned.Note[:len(cosigned.Note)-1], s.Manifest), ErrDamaged)
	require.ErrorIs(t, opens(x.Checkpoint().Note, s.Manifest), ErrDamaged, "not cosigned")
	require.ErrorIs(t, opens(s.guard(t).takes(t, s, x.Checkpoint(), nil).Note, s.Manifest), ErrDamaged, "by another witness of this name")
	require.ErrorIs(t, opens(cosigned.Note, newStage(t, electiontest.Config{}).Manifest), ErrDamaged, "of another election")

	require.NoError(t, opens(cosigned.Note, s.Manifest))
	g.open(t, s)
	g.disk = unreadable{g.disk}
	err := g.load()
	require.ErrorIs(t, err, errDisk)
	require.NotErrorIs(t, err, ErrDamaged, "what cannot be read is not damaged")
}

// A directory that cannot be made, or not be read, is refused for that.
func TestWitnessWantsADirectory(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	skey, _, err := GenerateWitnessKey(witnessName)
	require.NoError(t, err)
	plain := filepath.Join(t.TempDir(), "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o600))
	_, err = OpenWitness(filepath.Join(plain, "below", "w1"), s.Manifest, WitnessConfig{Key: skey})
	require.Error(t, err)
	require.ErrorContains(t, err, "stat "+filepath.Join(plain, "below"), "and not only the lock in it")
	closed := filepath.Join(t.TempDir(), "closed")
	require.NoError(t, os.Mkdir(closed, 0o300))
	permissiontest.Run(t, func() {
		_, err = OpenWitness(filepath.Join(closed, "w1"), s.Manifest, WitnessConfig{Key: skey})
	})
	require.ErrorIs(t, err, fs.ErrPermission)
}

// unreadable is a disk whose files open and cannot be read.
type unreadable struct{ disk }

func (d unreadable) Open(name string) (file, error) {
	f, err := d.disk.Open(name)
	return unreadableFile{f}, err
}

type unreadableFile struct{ file }

func (unreadableFile) ReadAt([]byte, int64) (int, error) { return 0, errDisk }

// A cosignature has a time after 1970; readers would not take another.
func TestWitnessWantsAClock(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	c := s.open(t).Checkpoint()
	g := s.guard(t)
	for _, now := range []int64{0, -1} {
		s.clock.Store(now)
		_, err := g.Cosign(c.Note, nil)
		require.ErrorContains(t, err, "the clock says")
		require.Nil(t, g.Last())
	}
	s.clock.Store(1)
	g.takes(t, s, c, nil)
}

// After a write that failed the file may hold what was to be written, or not.
func TestWitnessStoresFirstWhatItCouldNotStore(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x, y := s.open(t), s.another(t)
	s.logBytes(t, x, []byte("a"))
	s.logBytes(t, y, []byte("b"))
	g := s.guard(t)
	require.NoError(t, os.Mkdir(g.file+".new", 0o700)) // in the way of the file in the making
	for range 2 {
		b, err := g.Cosign(x.Checkpoint().Note, nil)
		require.Error(t, err)
		require.Nil(t, b)
		require.Nil(t, g.Last(), "the cosignature does not leave it")
	}
	require.NoError(t, os.Remove(g.file+".new"))
	_, err := g.Cosign(y.Checkpoint().Note, nil)
	s.evidence(t, err, Forked) // it may be in the file already, and was seen
	g.takes(t, s, x.Checkpoint(), nil)
	require.NoError(t, g.Close())
	g.open(t, s)
	require.Equal(t, x.Checkpoint().Digest(), g.Last().Digest())
}

func TestWitnessKeys(t *testing.T) {
	skey, vkey, err := GenerateWitnessKey(witnessName)
	require.NoError(t, err)
	key, err := ParseWitnessKey(vkey)
	require.NoError(t, err)
	require.Equal(t, vkey, key.String())
	require.Equal(t, witnessName, key.Name())
	signer, err := newCosigner(skey)
	require.NoError(t, err)
	require.Equal(t, key, signer.WitnessKey)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", WitnessConfig{Key: skey}, WitnessConfig{Key: skey}, WitnessConfig{Key: skey}), skey[len(skey)-20:])

	for _, name := range []string{"", "a b", "a+b", "a\nb", "a\x00b", "a\u00a0b", "\xff", strings.Repeat("a", 201)} {
		_, _, err := GenerateWitnessKey(name)
		require.ErrorIs(t, err, ballot.ErrMalformed, "%q", name)
	}
	for i := range vkey {
		_, err := ParseWitnessKey(vkey[:i])
		require.ErrorIs(t, err, ballot.ErrMalformed)
		changed := []byte(vkey)
		changed[i] ^= 1
		if k, err := ParseWitnessKey(string(changed)); err == nil {
			require.Equal(t, string(changed), k.String())
			t.Errorf("byte %d of a key changed: another hash is wanted", i)
		}
		_, err = newCosigner(skey[:i])
		require.ErrorIs(t, err, ballot.ErrMalformed)
		require.NotContains(t, err.Error(), skey[len(skey)-30:])
	}
	_, err = ParseWitnessKey(strings.ToUpper(vkey))
	require.ErrorIs(t, err, ballot.ErrMalformed)
	_, err = ParseWitnessKey(skey)
	require.ErrorIs(t, err, ballot.ErrMalformed, "a secret key is no public one")

	s := newStage(t, electiontest.Config{})
	_, err = ParseWitnessKey(s.Manifest.Log().Key)
	require.ErrorIs(t, err, ballot.ErrMalformed, "a log's key is of another type")
	_, err = note.NewVerifier(vkey)
	require.Error(t, err)
	small := &WitnessKey{witnessName, append([]byte{1}, make([]byte, 31)...)} // the identity: every signature with R = S*B holds
	_, err = ParseWitnessKey(small.String())
	require.ErrorContains(t, err, "small order")
	reducible := &WitnessKey{witnessName, append(append([]byte{0xf0}, bytes.Repeat([]byte{0xff}, 30)...), 0x7f)} // y = 3 + p
	_, err = ParseWitnessKey(reducible.String())
	require.ErrorContains(t, err, "no point")
	_, err = OpenWitness(filepath.Join(t.TempDir(), "w"), s.Manifest, WitnessConfig{Key: s.LogKey})
	require.ErrorIs(t, err, ballot.ErrMalformed)
}

func FuzzCosignatures(f *testing.F) {
	s := newStage(f, electiontest.Config{})
	x := s.open(f)
	g := s.guard(f)
	cosigned := g.takes(f, s, x.Checkpoint(), nil)
	f.Add(cosigned.Note)
	f.Add(x.Checkpoint().Note)
	f.Add(fmt.Appendf(bytes.Clone(x.Checkpoint().Note), "— %s %s\n", witnessName, "AAAAAA=="))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCheckpoint(s.Manifest, b)
		if err != nil {
			return
		}
		if len(c.Cosignatures(g.Key())) > 0 {
			require.Equal(t, cosigned.text(), c.text(), "the witness has cosigned this one alone")
		}
	})
}

func FuzzParseWitnessKey(f *testing.F) {
	_, vkey, err := GenerateWitnessKey(witnessName)
	require.NoError(f, err)
	f.Add(vkey)
	f.Add("a+00000000+BA==")
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := ParseWitnessKey(s); err == nil {
			require.Equal(t, s, k.String())
		}
		_, _ = newCosigner(s)
	})
}
