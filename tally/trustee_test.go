package tally

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/internal/permissiontest"
	"github.com/scrutin/scrutin/internal/wire"
)

// snapshot keeps a trustee's files.
func (r *run) snapshot(j int) map[string][]byte {
	files := map[string][]byte{}
	for _, suffix := range []string{"", ".journal"} {
		b, err := os.ReadFile(r.path(j) + suffix)
		require.NoError(r.t, err)
		files[r.path(j)+suffix] = b
	}
	return files
}

func (r *run) restore(files map[string][]byte) {
	for path, b := range files {
		require.NoError(r.t, os.WriteFile(path, b, 0o600))
	}
}

// A trustee who is killed at any point sends the same bytes when she is back.
func TestKilledTrusteeResumes(t *testing.T) {
	r := newRun(t, 3, 2)
	for !r.c.Status().Done {
		for j := 1; j <= 3; j++ {
			before := r.snapshot(j)
			want, err := r.trustees[j].Next(r.c)
			require.NoError(t, err)
			after := r.snapshot(j)

			r.restore(before) // killed before the journal was written, in the middle of a write
			require.NoError(t, os.WriteFile(filepath.Join(r.dir, ".trustee1.journal.1.tmp"), []byte("half"), 0o600))
			got, err := r.open(j).Next(r.c)
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Equal(t, after, r.snapshot(j))

			got, err = r.open(j).Next(r.c) // killed before the message was sent
			require.NoError(t, err)
			require.Equal(t, want, got)

			r.trustees[j] = r.open(j) // killed after it was sent
			r.add(want...)
			got, err = r.trustees[j].Next(r.c)
			require.NoError(t, err)
			require.NotEqual(t, want, got) // nothing, or what the next round wants
		}
	}
	require.Empty(t, r.c.Status().Disqualified)
}

func TestTrusteeSendsOneMessageInARound(t *testing.T) {
	// Trustee 3 shows two versions of her first message; 1 sees one or the other first.
	r := newRun(t, 3, 2)
	one, two := r.sayAt(RoundEnrol, 3, r.c.id, nil), r.message(r.c, 3)
	r.act[seat{RoundEnrol, 3}] = silence
	r.play()
	a, b := r.replica(append(slices.Clone(r.sent), one)), r.replica(append(slices.Clone(r.sent), two))
	require.Contains(t, a.Status().Void, "2 trustees are left") // n = 3 and t = 2 want all three
	m, err := r.trustees[1].Next(b)
	require.NoError(t, err)
	require.Len(t, m, 1)

	r = newRun(t, 5, 3)
	one, two = r.sayAt(RoundEnrol, 3, r.c.id, nil), r.message(r.c, 3)
	r.act[seat{RoundEnrol, 3}] = silence
	r.play()
	a, b = r.replica(append(slices.Clone(r.sent), one)), r.replica(append(slices.Clone(r.sent), two))
	m, err = r.trustees[1].Next(a)
	require.NoError(t, err)
	require.Len(t, m, 1)
	_, err = r.trustees[1].Next(b)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "sent another message in the commit round")
	_, err = r.open(1).Next(b) // and after a restart
	require.ErrorIs(t, err, ErrRefused)
	again, err := r.trustees[1].Next(a)
	require.NoError(t, err)
	require.Equal(t, m, again)
}

func TestTwoProcessesOfOneTrusteeSendOneMessage(t *testing.T) {
	r := newRun(t, 5, 3)
	one, two := r.sayAt(RoundEnrol, 3, r.c.id, nil), r.message(r.c, 3)
	r.act[seat{RoundEnrol, 3}] = silence
	r.play()
	views := [2][][]byte{append(slices.Clone(r.sent), one), append(slices.Clone(r.sent), two)}
	sent := make([][]byte, 16)
	var wait sync.WaitGroup
	for i := range sent {
		trustee, view := r.open(1), r.replica(views[i%2])
		wait.Go(func() {
			m, err := trustee.Next(view)
			if err == nil {
				sent[i] = m[0]
			} else if !errors.Is(err, ErrRefused) {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	distinct := map[string]int{}
	for _, m := range sent {
		if m != nil {
			distinct[string(m)]++
		}
	}
	require.Len(t, distinct, 1)
	for _, n := range distinct {
		require.Equal(t, 8, n)
	}
}

func TestOldCopyOfTheJournalIsNoticed(t *testing.T) {
	r := newRun(t, 3, 2)
	fresh := r.snapshot(2)
	r.playUntil(RoundDeal)
	old := r.snapshot(2)
	r.play()
	require.True(t, r.c.Status().Done)
	for _, files := range []map[string][]byte{fresh, old} {
		r.restore(files)
		trustee := r.open(2)
		for _, err := range []error{
			second(trustee.Next(r.c)),
			second(trustee.SignManifest(r.c, bare().Manifest)),
		} {
			require.ErrorIs(t, err, ErrRefused)
			require.ErrorContains(t, err, "signed elsewhere")
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestTrusteeServesOneCeremony(t *testing.T) {
	r := newRun(t, 3, 2)
	r.playUntil(RoundCommit)
	roster := r.c.Roster()
	roster.Context = "another"
	other, err := NewCeremony(roster)
	require.NoError(t, err)
	for _, trustee := range []*Trustee{r.trustees[1], r.open(1)} {
		_, err = trustee.Next(other)
		require.ErrorIs(t, err, ErrRefused)
		require.ErrorContains(t, err, fmt.Sprintf("its key serves ceremony %x and no other", r.c.ID()))
	}
	stranger := newRun(t, 2, 2)
	_, err = stranger.trustees[1].Next(r.c)
	require.ErrorIs(t, err, ErrForeign)
	_, err = stranger.trustees[1].Next(stranger.c)
	require.NoError(t, err, "a foreign ceremony binds nothing")
}

func TestTrusteeSignsOnlyAResultWithHerDeal(t *testing.T) {
	r := newRun(t, 5, 3)
	r.playUntil(RoundSign)
	s := r.c.now()
	_, err := r.trustees[1].body(r.c, s, 1)
	require.NoError(t, err)
	// The same key with another seed would have dealt something else.
	v := *r.trustees[1].vault
	v.seed[0] ^= 1
	_, err = (&Trustee{&v}).body(r.c, s, 1)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "does not contain its deal")
	// A sum that leaves her out.
	left := *s
	k := *s.key
	k.qualified = []int{2, 3, 4, 5}
	left.key = &k
	_, err = r.trustees[1].body(r.c, &left, 1)
	require.ErrorContains(t, err, "does not contain its deal")
}

func TestTrusteeSignsNothingWithAWrongShare(t *testing.T) {
	// Dealer 2 cheats 4, who is closed out of the verdicts before she can complain.
	r := newRun(t, 5, 3)
	r.deals(2, edit(2, func(_ *run, b []byte) []byte {
		b[partAt(3, 5)-1] ^= 1
		return b
	}))
	r.act[seat{RoundVerdict, 4}] = silence
	r.play()
	r.close()
	for _, j := range []int{1, 2, 3, 5} {
		r.step(j)
	}
	_, err := r.trustees[4].Next(r.c)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "a dealer sent it a wrong part")
	r.close()
	require.True(t, r.c.Status().Done)
	require.Equal(t, []int{1, 2, 3, 5}, r.c.Status().Signed)
	m := electiontest.New(t, electiontest.Config{Trustees: 5, Threshold: 3, Edit: manifestOf(r)}).Manifest
	_, err = r.trustees[4].SignManifest(r.c, m)
	require.ErrorIs(t, err, ErrRefused)
	_, err = r.trustees[5].SignManifest(r.c, m)
	require.NoError(t, err)
}

// manifestOf puts the ceremony of r into a draft.
func manifestOf(r *run) func(*ballot.Draft) {
	return func(d *ballot.Draft) {
		key, err := r.c.PublicKey()
		require.NoError(r.t, err)
		d.PublicKey, d.Ceremony, d.Trustees, d.Threshold = key.Bytes(), r.digest(), r.c.Roster().Trustees, r.c.Roster().Threshold
	}
}

func TestManifestMustBeOfTheCeremony(t *testing.T) {
	r, other := newRun(t, 4, 2), newRun(t, 4, 2)
	signed := func(change func(*ballot.Draft)) error {
		m := electiontest.New(t, electiontest.Config{Trustees: 4, Threshold: 2, Edit: func(d *ballot.Draft) {
			manifestOf(r)(d)
			change(d)
		}}).Manifest
		_, err := r.trustees[1].SignManifest(r.c, m)
		return err
	}
	_, err := r.trustees[1].SignManifest(r.c, bare().Manifest)
	require.ErrorIs(t, err, ErrIncomplete)
	r.play()
	other.play()
	key, err := other.c.PublicKey()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func(*ballot.Draft)
		says   string
	}{
		"digest":    {func(d *ballot.Draft) { d.Ceremony[0] ^= 1 }, "names ceremony digest"},
		"key":       {func(d *ballot.Draft) { d.PublicKey = key.Bytes() }, "public key is not the ceremony's"},
		"threshold": {func(d *ballot.Draft) { d.Threshold = 3 }, "threshold is 3, the ceremony's 2"},
		"name":      {func(d *ballot.Draft) { d.Trustees[0].Name = "another" }, "trustees are not the ceremony's"},
		"order":     {func(d *ballot.Draft) { d.Trustees[0], d.Trustees[1] = d.Trustees[1], d.Trustees[0] }, "trustees are not the ceremony's"},
		"trustee":   {func(d *ballot.Draft) { d.Trustees[0].Key = other.trustees[1].Key() }, "trustees are not the ceremony's"},
		"fewer":     {func(d *ballot.Draft) { d.Trustees = d.Trustees[:3] }, "trustees are not the ceremony's"},
	} {
		err := signed(c.change)
		require.ErrorIs(t, err, ErrForeign, name)
		require.ErrorContains(t, err, c.says, name)
	}
	require.NoError(t, signed(func(*ballot.Draft) {}), "what was refused binds nothing")
}

func TestAttack35TrusteeSignsOneManifest(t *testing.T) {
	r := newRun(t, 4, 2)
	r.play()
	manifest := func(title string) *ballot.Manifest {
		return electiontest.New(t, electiontest.Config{Trustees: 4, Threshold: 2, Edit: func(d *ballot.Draft) {
			manifestOf(r)(d)
			d.Title = ballot.Text{"en": title, "fr": title}
		}}).Manifest
	}
	a, b := manifest("A"), manifest("B")
	require.Equal(t, a.Ceremony(), b.Ceremony())
	var signatures []ballot.Signature
	for j := 1; j <= 4; j++ {
		s, err := r.trustees[j].SignManifest(r.c, a)
		require.NoError(t, err)
		signatures = append(signatures, s)
		for _, trustee := range []*Trustee{r.trustees[j], r.open(j)} {
			_, err = trustee.SignManifest(r.c, b)
			require.ErrorIs(t, err, ErrRefused)
			require.ErrorContains(t, err, "signed another manifest")
			_, err = trustee.SignManifest(r.c, a)
			require.NoError(t, err, "the same one again")
		}
	}
	require.NoError(t, a.CheckSignatures(signatures))
	require.Error(t, b.CheckSignatures(signatures))
}

func TestAttack33TrusteeEndorsesOneCheckpoint(t *testing.T) {
	p := newPoll(t, electiontest.Config{Trustees: 4, Threshold: 2})
	entries := p.ballots(t, 4)
	report := func(closed bool, endorsed bool, entries ...[]byte) *Report {
		q := p.copy()
		q.logged(t, closed, entries...)
		if endorsed {
			q.endorsed(t)
		}
		return q.audit(t)
	}
	one := p.run.trustees[1]
	_, err := one.Endorse(report(false, false, entries[:2]...))
	require.Error(t, err, "a poll that is not sealed")
	first, longer := report(true, false, entries[:3]...), report(true, false, entries...)
	require.NoError(t, first.Err())
	require.NoError(t, longer.Err())
	e, err := one.Endorse(first)
	require.NoError(t, err)
	require.Equal(t, first.Subject(), e.Subject)
	_, err = one.Endorse(first)
	require.NoError(t, err, "the same one again")

	// A longer log, another order, and one ballot less: other checkpoints.
	for name, other := range map[string]*Report{
		"longer":  longer,
		"shorter": report(true, false, entries[:2]...),
		"order":   report(true, false, entries[1], entries[0], entries[2]),
		"empty":   report(true, false),
	} {
		for _, trustee := range []*Trustee{one, p.run.open(1)} {
			_, err = trustee.Endorse(other)
			require.ErrorIs(t, err, ErrRefused, name)
			require.ErrorContains(t, err, "endorsed another checkpoint", name)
			_, err = trustee.Share(other)
			require.ErrorIs(t, err, ErrMissing, name)
		}
	}

	// A share wants a quorum of endorsements, of the checkpoint that the trustee endorsed.
	_, err = one.Share(first)
	require.ErrorIs(t, err, ErrMissing)
	endorsed := first
	for j := 2; j <= 4; j++ {
		e, err := p.run.trustees[j].Endorse(first)
		require.NoError(t, err)
		endorsed.endorsements = append(endorsed.endorsements, e)
	}
	require.Len(t, endorsed.endorsements, p.Manifest.Quorum())
	s, err := one.Share(endorsed)
	require.NoError(t, err)
	require.Equal(t, first.Subject(), s.Subject)
	require.NoError(t, endorsed.verifyShare(s))
	wrong := *one.vault // opens the deals to other parts
	wrong.y.Double(&wrong.y)
	_, err = (&Trustee{&wrong}).Share(endorsed)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "its share does not fit its verification key")
	elsewhere := *endorsed
	elsewhere.subject.Election = ballot.ElectionID{1}
	err = one.settle(endorsed.ceremony, &elsewhere)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "it signed another manifest for this key")
	forged := *longer
	forged.endorsements = endorsed.endorsements // as if a quorum had endorsed the longer one
	_, err = one.Share(&forged)
	require.ErrorIs(t, err, ErrRefused)
	// Part of the sums, under the same checkpoint: another aggregate.
	part := *endorsed
	part.sums = part.sums[:1]
	part.subject.Aggregate = aggregateDigest(p.Manifest.ID(), part.subject.Checkpoint, 3, 3, part.sums)
	_, err = one.Share(&part)
	require.ErrorIs(t, err, ErrRefused)

	// To share without having endorsed settles the trustee on it.
	fresh := newPoll(t, electiontest.Config{Trustees: 4, Threshold: 2})
	fresh.logged(t, true, fresh.ballots(t, 2)...)
	fresh.endorsed(t, 1, 2, 3)
	_, err = fresh.run.trustees[4].Share(fresh.audit(t))
	require.NoError(t, err)
	fresh.logged(t, true)
	delete(fresh.files, EndorsementFile(1))
	delete(fresh.files, EndorsementFile(2))
	delete(fresh.files, EndorsementFile(3))
	_, err = fresh.run.trustees[4].Endorse(fresh.audit(t))
	require.ErrorIs(t, err, ErrRefused)
}

func TestTrusteeOfAnotherElectionDoesNotEndorse(t *testing.T) {
	p := bare()
	stranger := newRun(t, 2, 2)
	q := p.copy()
	q.logged(t, true)
	_, err := stranger.trustees[1].Endorse(q.audit(t))
	require.ErrorIs(t, err, ErrForeign)
	_, err = stranger.trustees[1].Endorse(new(Report))
	require.ErrorIs(t, err, ErrInvalid)
	_, err = stranger.trustees[1].Share(new(Report))
	require.ErrorIs(t, err, ErrInvalid)

	// A report whose parts were exchanged after the audit.
	good := q.audit(t)
	for name, c := range map[string]struct {
		change func(*Report)
		kind   error
	}{
		"not sealed":       {func(r *Report) { r.Closed = false }, ErrRefused},
		"no ceremony":      {func(r *Report) { r.ceremony = nil }, ErrInvalid},
		"no manifest":      {func(r *Report) { r.manifest = nil }, ErrInvalid},
		"another ceremony": {func(r *Report) { r.ceremony = stranger.c }, ErrIncomplete},
	} {
		r := *good
		c.change(&r)
		_, err = stranger.trustees[1].Endorse(&r)
		require.ErrorIs(t, err, c.kind, name)
	}
}

// Between its first look at the journal and its signature another process may bind the key.
func TestKeyBoundInTheMeantimeIsNotBoundAgain(t *testing.T) {
	r := newRun(t, 2, 2)
	require.NoError(t, r.trustees[1].vault.once(entryCeremony, [32]byte{1}, ""))
	err := r.trustees[1].bind(r.c, entryElection, ballot.ElectionID{}, "")
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "its key serves another ceremony")
	entries, err := r.trustees[1].vault.entries()
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestTrusteeFileIsAgeAndHoldsNoSecretInClear(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	trustee, err := OpenTrustee(path, passphrase)
	require.NoError(t, err)
	again, err := OpenTrustee(path, passphrase)
	require.NoError(t, err)
	require.Equal(t, trustee.Key(), again.Key())
	require.Equal(t, trustee.vault.seed, again.vault.seed)

	// "age --decrypt" reads it.
	sealed, err := os.ReadFile(path)
	require.NoError(t, err)
	identity, err := age.NewScryptIdentity(string(passphrase))
	require.NoError(t, err)
	plain, err := age.Decrypt(bytes.NewReader(sealed), identity)
	require.NoError(t, err)
	b, err := io.ReadAll(plain)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf(`{"format":"scrutin/trustee/v1","seed":"%x"}`, trustee.vault.seed), string(b))

	// The files are the owner's alone, and no secret is in any of them, nor in what is printed.
	r := newRun(t, 2, 2)
	r.play()
	x1 := *r.share(1)
	v := r.trustees[1].vault
	share, signing := x1.Bytes(), v.x.Bytes()
	var everything []byte
	for _, dir := range []string{dir, r.dir} {
		require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			require.NoError(t, err)
			if d.IsDir() {
				return nil
			}
			info, err := d.Info()
			require.NoError(t, err)
			if runtime.GOOS != "windows" {
				require.Equal(t, fs.FileMode(0o600), info.Mode(), path)
			}
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			everything = append(everything, content...)
			return nil
		}))
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		everything = fmt.Appendf(everything, verb+verb, r.trustees[1], *r.trustees[1])
		everything = fmt.Appendf(everything, verb+verb, r.organiser, *r.organiser)
	}
	everything = append(everything, r.c.Transcript()...)
	for _, secret := range [][]byte{v.seed[:], share[:], signing[:], passphrase, r.organiser.vault.seed[:]} {
		require.NotContains(t, string(everything), string(secret))
		require.NotContains(t, strings.ToLower(string(everything)), hex.EncodeToString(secret))
		require.NotContains(t, string(everything), strings.Trim(fmt.Sprint(secret), "[]"))
	}
	for _, raw := range r.sent {
		require.False(t, bytes.Contains(raw, v.seed[:]) || bytes.Contains(raw, share[:]) || bytes.Contains(raw, signing[:]))
	}
}

func TestPassphrases(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	for _, empty := range [][]byte{nil, {}} {
		_, err := OpenTrustee(path, empty)
		require.ErrorIs(t, err, ErrPassphrase)
		require.NoFileExists(t, path)
		_, err = OpenOrganiser(path, empty)
		require.ErrorIs(t, err, ErrPassphrase)
	}
	_, err := OpenTrustee(path, passphrase)
	require.NoError(t, err)
	_, err = OpenTrustee(path, []byte("wrong"))
	require.ErrorIs(t, err, ErrPassphrase)
	require.NotContains(t, err.Error(), "wrong passphrase wrong")
	// A trustee's file is not an organiser's.
	_, err = OpenOrganiser(path, passphrase)
	require.ErrorIs(t, err, ErrMalformed)
	_, err = OpenTrustee(path, passphrase)
	require.NoError(t, err)
	// Nor in a directory that does not exist.
	_, err = OpenTrustee(filepath.Join(path, "no", "such", "directory"), passphrase)
	require.Error(t, err)
}

func TestDamagedTrusteeFiles(t *testing.T) {
	r := newRun(t, 2, 2)
	good := r.snapshot(1)
	file, journal := r.path(1), r.path(1)+".journal"
	want := r.trustees[1].Key()
	open := func() error {
		trustee, err := OpenTrustee(file, passphrase)
		if err == nil {
			require.Equal(t, want, trustee.Key())
		}
		return err
	}
	require.NoError(t, open())
	for at := range good[file] {
		if at%7 == 0 {
			bad := bytes.Clone(good[file])
			bad[at] ^= 1
			require.NoError(t, os.WriteFile(file, bad, 0o600))
			require.Error(t, open(), "byte %d", at)
		}
	}
	for n := 0; n < len(good[file]); n += 13 {
		require.NoError(t, os.WriteFile(file, good[file][:n], 0o600))
		require.Error(t, open(), "%d bytes", n)
	}
	require.NoError(t, os.WriteFile(file, make([]byte, maxVaultFile+1), 0o600))
	require.ErrorIs(t, open(), ErrMalformed)
	r.restore(good)
	for name, bad := range map[string][]byte{
		"empty":      {},
		"half":       good[journal][:len(good[journal])/2],
		"longer":     append(bytes.Clone(good[journal]), '\n'),
		"other kind": bytes.Replace(good[journal], []byte("trustee"), []byte("captain"), 1),
		"no entries": []byte(fmt.Sprintf(`{"complete":true,"entries":null,"format":"scrutin/trustee-journal/v1","key":"%x"}`, want)),
	} {
		require.NoError(t, os.WriteFile(journal, bad, 0o600))
		require.ErrorIs(t, open(), ErrMalformed, name)
		_, err := r.trustees[1].Next(r.c)
		require.ErrorIs(t, err, ErrMalformed, name)
	}
	// A journal of another key.
	other, err := os.ReadFile(r.path(2) + ".journal")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(journal, other, 0o600))
	require.ErrorIs(t, open(), ErrRefused)
	_, err = r.trustees[1].Next(r.c)
	require.ErrorIs(t, err, ErrRefused)
	r.restore(good)
	require.NoError(t, open())
}

func TestMissingFileOfAUsedKeyIsNotReplaced(t *testing.T) {
	r := newRun(t, 2, 2)
	r.play()
	files := r.snapshot(1)
	require.NoError(t, os.Remove(r.path(1)+".journal"))
	_, err := OpenTrustee(r.path(1), passphrase)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, ".journal is missing")
	require.NoFileExists(t, r.path(1)+".journal")
	_, err = r.trustees[1].Next(r.c)
	require.ErrorIs(t, err, fs.ErrNotExist)
	r.restore(files)

	require.NoError(t, os.Remove(r.path(1)))
	_, err = OpenTrustee(r.path(1), passphrase)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "the file is missing")
	require.NoFileExists(t, r.path(1))
	r.restore(files)
	r.open(1)
}

// One key under two paths has one journal, whatever of its files is linked.
func TestLinkedTrusteeFilesShareOneJournal(t *testing.T) {
	r := newRun(t, 3, 2)
	for _, linked := range [][]string{{""}, {"", ".journal"}, {"", ".journal", ".lock"}} {
		link := filepath.Join(t.TempDir(), "link")
		for _, suffix := range linked {
			require.NoError(t, os.Symlink(r.path(1)+suffix, link+suffix))
		}
		a, err := OpenTrustee(link, passphrase)
		require.NoError(t, err)
		name := fmt.Sprint("entry", len(linked))
		require.NoError(t, a.vault.once(name, [32]byte{1}, "another"))
		require.ErrorIs(t, r.trustees[1].vault.once(name, [32]byte{2}, "another"), ErrRefused)
		require.ErrorIs(t, r.open(1).vault.once(name, [32]byte{2}, "another"), ErrRefused)
	}
}

// A program that goes to another directory keeps the trustee's files.
func TestTrusteePathIsFixedWhenOpened(t *testing.T) {
	t.Chdir(t.TempDir())
	tr, err := OpenTrustee("trustee", passphrase)
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	require.NoError(t, tr.vault.once("entry", [32]byte{1}, "another"))
}

// A crash while the files are made leaves one of three states, and all of them open.
func TestCrashWhileTheFilesAreMade(t *testing.T) {
	r := newRun(t, 2, 2)
	file, journalFile := r.path(1), r.path(1)+".journal"
	key := r.trustees[1].Key()
	j, err := r.trustees[1].vault.readJournal()
	require.NoError(t, err)
	require.True(t, j.Complete)
	j.Complete = false
	begun := mustMarshal(j)

	// The encrypted file is there, and the journal does not know it yet.
	require.NoError(t, os.WriteFile(journalFile, begun, 0o600))
	trustee := r.open(1)
	require.Equal(t, key, trustee.Key())
	j, err = trustee.vault.readJournal()
	require.NoError(t, err)
	require.True(t, j.Complete)

	// The journal alone: no key was ever handed out, and a new one is made.
	require.NoError(t, os.WriteFile(journalFile, begun, 0o600))
	require.NoError(t, os.Remove(file))
	trustee = r.open(1)
	require.NotEqual(t, key, trustee.Key())
	require.Equal(t, trustee.Key(), r.open(1).Key())

	// Nothing but remains of a write.
	require.NoError(t, os.Remove(file))
	require.NoError(t, os.Remove(journalFile))
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, ".trustee1.123.tmp"), []byte("half"), 0o600))
	r.open(1)
}

func TestManyProcessesMakeOneKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	keys := make([][64]byte, 8)
	var wait sync.WaitGroup
	for i := range keys {
		wait.Go(func() {
			trustee, err := OpenTrustee(path, passphrase)
			if err != nil {
				t.Error(err)
				return
			}
			keys[i] = trustee.Key()
		})
	}
	wait.Wait()
	for _, k := range keys {
		require.Equal(t, keys[0], k)
	}
}

func TestNothingIsSentWhenTheJournalCannotBeWritten(t *testing.T) {
	r := newRun(t, 2, 2)
	require.NoError(t, os.Chmod(r.dir, 0o500))
	defer os.Chmod(r.dir, 0o700)
	permissiontest.Run(t, func() {
		m, err := r.trustees[1].Next(r.c)
		require.ErrorIs(t, err, fs.ErrPermission)
		require.Empty(t, m)
	})
}

// ceremonyVector is testdata/ceremony.json.
type ceremonyVector struct {
	Comment          string       `json:"comment"`
	OrganiserSeed    wire.Hex32   `json:"organiserSeed"`
	TrusteeSeeds     []wire.Hex32 `json:"trusteeSeeds"`
	Document         string       `json:"document"`
	Ceremony         wire.Hex32   `json:"ceremony"`
	Digest           wire.Hex32   `json:"digest"`
	PublicKey        wire.Hex     `json:"publicKey"`
	VerificationKeys []wire.Hex   `json:"verificationKeys"`
	Shares           []wire.Hex   `json:"shares"`
}

var updateCeremony = flag.Bool("update-ceremony", false, "write testdata/ceremony.json")

// What a trustee sends follows from her seed for ever: an upgrade in the middle of a ceremony
// repeats the same bytes.
func TestVectorOfACeremony(t *testing.T) {
	vault := func(kind string, seed byte) *vault {
		v := &vault{kind: kind}
		for i := range v.seed {
			v.seed[i] = seed + byte(i)
		}
		v.derive()
		return v
	}
	r := &run{t: t, organiser: &Organiser{vault("organiser", 0)}, trustees: []*Trustee{nil,
		{vault("trustee", 0)}, {vault("trustee", 32)}, {vault("trustee", 64)}, {vault("trustee", 96)}}}
	r.start(2)
	r.act[seat{RoundVerdict, 3}] = silence
	r.play()
	r.close()
	r.play()
	h, err := r.c.PublicKey()
	require.NoError(t, err)
	hb := h.Bytes()
	keys, err := r.c.VerificationKeys()
	require.NoError(t, err)
	got := ceremonyVector{
		Comment: "A ceremony of 4 trustees, threshold 2, of whom the third gives no verdict. Document is ceremony.json; " +
			"a share is x_j with Y_j = x_j G. Made by go test ./tally -run TestVectorOfACeremony -update-ceremony.",
		OrganiserSeed: r.organiser.vault.seed, Document: string(r.c.Transcript()), Ceremony: r.c.ID(), Digest: r.digest(), PublicKey: hb[:],
	}
	for j := 1; j <= 4; j++ {
		x := r.share(j).Bytes()
		got.TrusteeSeeds = append(got.TrusteeSeeds, r.trustees[j].vault.seed)
		got.VerificationKeys = append(got.VerificationKeys, keys[j-1][:])
		got.Shares = append(got.Shares, x[:])
	}
	const path = "testdata/ceremony.json"
	if *updateCeremony {
		b, err := json.MarshalIndent(got, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll("testdata", 0o777))
		require.NoError(t, os.WriteFile(path, append(b, '\n'), 0o666))
	}
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	var want ceremonyVector
	require.NoError(t, json.Unmarshal(b, &want))
	require.Equal(t, want, got)
}
