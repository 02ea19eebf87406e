package tally

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/proof"
)

// base is a poll of five voters, four of whom voted, with the whole record. Tests copy it.
var base = sync.OnceValue(func() *poll {
	t := keeper
	p := newPoll(t, electiontest.Config{Trustees: 4, Threshold: 2})
	p.entries = p.ballots(t, 4)
	p.result = p.counted(t, p.entries...)
	return p
})

// keeper keeps the directories of what tests share until all of them are done.
var keeper = &lasting{}

type lasting struct {
	testing.TB
	dirs []string
}

func (l *lasting) Helper() {}

func (l *lasting) TempDir() string {
	dir, err := os.MkdirTemp("", "tally")
	if err != nil {
		panic(err)
	}
	l.dirs = append(l.dirs, dir)
	return dir
}

func (l *lasting) Name() string                      { return "the shared poll" }
func (l *lasting) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (l *lasting) FailNow()                          { panic("the shared poll could not be made") }
func (l *lasting) Cleanup(func())                    {}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, dir := range keeper.dirs {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// bare is a copy of base without what trustees added after the poll.
func bare() *poll {
	p := base().copy()
	for name := range p.files {
		if strings.HasPrefix(name, SharesDir+"/") || name == ResultFile {
			delete(p.files, name)
		}
	}
	return p
}

func TestAuditOfAWholeRecord(t *testing.T) {
	p := base()
	r := p.audit(t)
	require.NoError(t, r.Err())
	require.Empty(t, r.Failed())
	require.Equal(t, Opened, r.Stage)
	require.Equal(t, p.Manifest.ID(), r.Election)
	require.Equal(t, "Assembly", r.Title["en"])
	require.Equal(t, proof.OneParty, r.SetUp)
	require.EqualValues(t, 5, r.Voters)
	require.EqualValues(t, 5, r.TotalWeight)
	require.Equal(t, Class{1, 5}, r.SmallestClass)
	require.True(t, r.Closed)
	require.EqualValues(t, 4, r.Size)
	require.EqualValues(t, 4, r.Logged)
	require.EqualValues(t, 4, r.Counted)
	require.EqualValues(t, 4, r.CountedWeight)
	require.Zero(t, r.Superseded)
	require.Zero(t, r.Invalid)
	require.Equal(t, []int{1, 2, 3, 4}, r.Endorsed)
	require.Equal(t, []int{1, 2, 3, 4}, r.Shared)

	// Votes 0 to 3: yes and nothing; no and bridge; blank and library with school; yes and blank.
	require.NotNil(t, r.Result)
	treaty, projects := &r.Result.Questions[0], &r.Result.Questions[1]
	require.EqualValues(t, 2, treaty.Of("yes"))
	require.EqualValues(t, 1, treaty.Of("no"))
	blank, ok := treaty.Blank()
	require.True(t, ok)
	require.EqualValues(t, 1, blank)
	require.Equal(t, []ballot.OptionID{"yes"}, treaty.Winners())
	require.EqualValues(t, 1, projects.Of("bridge"))
	require.EqualValues(t, 1, projects.Of("library"))
	require.EqualValues(t, 0, projects.Of("park"))
	require.EqualValues(t, 1, projects.Of("school"))
	require.Equal(t, [][]ballot.OptionID{{"bridge", "library", "school"}, {"park"}}, projects.Order)
	require.Equal(t, string(p.result.Bytes()), string(r.Result.Bytes()))
}

func TestAuditOfADirectory(t *testing.T) {
	p := base()
	r, err := Audit(context.Background(), os.DirFS(p.store(t)), p.Manifest.ID(), accept)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.Equal(t, Opened, r.Stage)
}

// TestFileInPlaceOfADirectory audits a directory in which "shares", "log" or "census" is a file.
func TestFileInPlaceOfADirectory(t *testing.T) {
	p := base()
	for name, check := range map[string]Check{SharesDir: CheckEndorsements, LogDir: CheckCheckpoint, CensusDir: CheckCensus} {
		dir := p.store(t)
		require.NoError(t, os.RemoveAll(filepath.Join(dir, name)))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("file"), 0o600))
		r, err := Audit(context.Background(), os.DirFS(dir), p.Manifest.ID(), accept)
		require.NoError(t, err)
		require.Contains(t, r.Failed(), check)
		require.Contains(t, r.Failed(), CheckFiles)
	}
}

// TestAuditOfABox audits what a ballot box exports, with re-votes.
func TestAuditOfABox(t *testing.T) {
	ctx := context.Background()
	p := newPoll(t, electiontest.Config{Voters: 3, Revotes: 2})
	now := p.Manifest.Opens()
	x, err := box.Open(t.TempDir(), p.Manifest, box.Config{
		Verifier: p.Verifier(t), Key: p.LogKey, Signatures: p.Signatures,
		Now: func() time.Time { return time.Unix(now, 0) },
	})
	require.NoError(t, err)
	defer x.Close()
	for _, cast := range []struct{ voter, sequence, votes int }{{0, 0, 0}, {1, 0, 0}, {0, 1, 1}, {0, 2, 2}, {1, 1, 1}} {
		_, err := x.Cast(ctx, p.Ballot(t, cast.voter, uint32(cast.sequence), cast.votes).Bytes())
		require.NoError(t, err)
	}
	now = p.Manifest.Closes()
	sealed, err := x.Seal(ctx)
	require.NoError(t, err)

	record, err := OpenRecord(p.store(t))
	require.NoError(t, err)
	require.NoError(t, x.Export(record.Path(LogDir)))
	p.files = load(t, record.FS())
	p.endorsed(t)
	p.opened(t)
	r := p.audit(t)
	require.NoError(t, r.Err())
	require.Equal(t, sealed.Digest(), r.Subject().Checkpoint)
	require.EqualValues(t, 5, r.Logged)
	require.EqualValues(t, 3, r.Superseded)
	require.EqualValues(t, 2, r.Counted)
	require.EqualValues(t, 0, r.Result.Questions[0].Of("yes"))
	require.EqualValues(t, 1, r.Result.Questions[0].Of("no"))
}

func TestAuditReportsProgress(t *testing.T) {
	p := base()
	var seen []uint64
	opts := *accept
	opts.Progress = func(done, total uint64) {
		require.EqualValues(t, 4, total)
		seen = append(seen, done)
	}
	_, err := Audit(context.Background(), p.files, p.Manifest.ID(), &opts)
	require.NoError(t, err)
	require.EqualValues(t, 4, seen[len(seen)-1])
}

func TestRecordsBeforeTheTallySayWhatIsMissing(t *testing.T) {
	p := bare()
	verdict := func(stage Stage, want string) {
		t.Helper()
		r := p.audit(t)
		require.NoError(t, r.Err())
		require.Nil(t, r.Result)
		require.Equal(t, stage, r.Stage)
		require.Equal(t, want, lastLine(t, r))
	}
	verdict(AwaitingEndorsements, "audit: ok so far, NO RESULT: 0 of 3 endorsements")
	p.endorsed(t, 1, 4)
	verdict(AwaitingEndorsements, "audit: ok so far, NO RESULT: 2 of 3 endorsements")
	p.endorsed(t, 2)
	verdict(AwaitingShares, "audit: ok so far, NO RESULT: 0 of 2 shares")
	p.put(ShareFile(3), p.shares(t, 3)[0].Bytes())
	verdict(AwaitingShares, "audit: ok so far, NO RESULT: 1 of 2 shares")
	p.put(ShareFile(1), p.shares(t, 1)[0].Bytes())
	r := p.audit(t)
	require.Equal(t, Opened, r.Stage)
	require.Equal(t, "audit: ok", lastLine(t, r), "a result that was deleted is counted again")
	require.Equal(t, string(base().result.Bytes()), string(r.Result.Bytes()))
}

// TestAuditWhileTrusteesAddToTheRecord has endorsements and shares appear while an audit reads
// the files: each state that it can meet is a valid one.
func TestAuditWhileTrusteesAddToTheRecord(t *testing.T) {
	whole := base()
	added := []string{EndorsementFile(1), EndorsementFile(2), EndorsementFile(3), ShareFile(1), EndorsementFile(4), ShareFile(4), ResultFile}
	for late := range added {
		p := bare()
		p.put("shares/.new-1", nil)
		growing := &growing{p: p, whole: whole, added: added, late: late}
		r, err := Audit(context.Background(), growing, p.Manifest.ID(), accept)
		require.NoError(t, err)
		require.NoError(t, r.Err(), "after %d reads", late)
	}
}

// growing adds a file to a record at each of the reads below shares/ after the first few.
type growing struct {
	p, whole *poll
	added    []string
	late     int
}

func (g *growing) Open(name string) (fs.File, error) {
	if strings.HasPrefix(name, SharesDir+"/") || name == ResultFile {
		if g.late--; g.late < 0 && len(g.added) > 0 {
			g.p.files[g.added[0]] = g.whole.files[g.added[0]]
			g.added = g.added[1:]
		}
	}
	return g.p.files.Open(name)
}

func lastLine(t testing.TB, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.WriteText(&b))
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	return lines[len(lines)-1]
}

// alter changes a file of the record: it returns the new content.
func (p *poll) alter(name string, change func(b []byte) []byte) {
	p.put(name, change(bytes.Clone(p.files[name].Data)))
}

func flip(at int) func(b []byte) []byte {
	return func(b []byte) []byte {
		b[at] ^= 1
		return b
	}
}

// TestAttack17EachCheckHasARecordThatFailsItAlone would miss no check that does nothing.
func TestAttack17EachCheckHasARecordThatFailsItAlone(t *testing.T) {
	stranger := newPoll(t, electiontest.Config{})
	for _, c := range []struct {
		name  string
		check Check
		spoil func(t *testing.T, p *poll)
	}{
		{"no signatures", CheckSignatures, func(t *testing.T, p *poll) { delete(p.files, SignaturesFile) }},
		{"too few signatures", CheckSignatures, func(t *testing.T, p *poll) {
			b, err := ballot.MarshalSignatures(p.Signatures[:p.Manifest.Quorum()-1])
			require.NoError(t, err)
			p.put(SignaturesFile, b)
		}},
		{"signatures of another election", CheckSignatures, func(t *testing.T, p *poll) { p.files[SignaturesFile] = stranger.files[SignaturesFile] }},
		{"no ceremony", CheckCeremony, func(t *testing.T, p *poll) { delete(p.files, CeremonyFile) }},
		{"another ceremony", CheckCeremony, func(t *testing.T, p *poll) { p.files[CeremonyFile] = stranger.files[CeremonyFile] }},
		{"no verifying key", CheckVerifyingKey, func(t *testing.T, p *poll) { delete(p.files, VerifyingKeyFile) }},
		{"another verifying key", CheckVerifyingKey, func(t *testing.T, p *poll) { p.files[VerifyingKeyFile] = stranger.files[VerifyingKeyFile] }},
		{"no census", CheckCensus, func(t *testing.T, p *poll) { delete(p.files, "census/census.json") }},
		{"another census", CheckCensus, func(t *testing.T, p *poll) {
			for name := range stranger.files {
				if strings.HasPrefix(name, CensusDir+"/") {
					p.files[name] = stranger.files[name]
				}
			}
		}},
		{"a file more in the census", CheckCensus, func(t *testing.T, p *poll) { p.put("census/more", nil) }},
		{"no checkpoint", CheckCheckpoint, func(t *testing.T, p *poll) { delete(p.files, "log/checkpoint") }},
		{"not sealed", CheckCheckpoint, func(t *testing.T, p *poll) { p.logged(t, false, p.entries...) }},
		{"a hash of the log", CheckLog, func(t *testing.T, p *poll) { p.alter("log/tile/0/000.p/4", flip(40)) }},
		{"no ballots in the log", CheckLog, func(t *testing.T, p *poll) { delete(p.files, "log/tile/entries/000.p/4") }},
		{"ballots in another order", CheckLog, func(t *testing.T, p *poll) {
			q := p.copy()
			q.logged(t, true, p.entries[1], p.entries[0], p.entries[2], p.entries[3])
			p.files["log/tile/entries/000.p/4"] = q.files["log/tile/entries/000.p/4"]
		}},
		{"a ballot beyond the end", CheckLog, func(t *testing.T, p *poll) { p.put("log/tile/entries/000.p/5", []byte{0, 1, 0}) }},
		{"a ballot that does not verify", CheckBallot, func(t *testing.T, p *poll) {
			p.logged(t, true, p.entries[0], flip(len(p.entries[1])-1)(bytes.Clone(p.entries[1])))
		}},
		{"an entry that is no ballot", CheckBallot, func(t *testing.T, p *poll) { p.logged(t, true, p.entries[0], []byte("ballot")) }},
		{"an empty entry", CheckBallot, func(t *testing.T, p *poll) { p.logged(t, true, nil, p.entries[0]) }},
		{"a ballot twice", CheckBallot, func(t *testing.T, p *poll) { p.logged(t, true, p.entries[0], p.entries[0]) }},
		{"a ballot of another election", CheckBallot, func(t *testing.T, p *poll) {
			p.logged(t, true, p.entries[0], stranger.Ballot(t, 0, 0, 0).Bytes())
		}},
		{"a forged membership more than voters", CheckTurnout, func(t *testing.T, p *poll) {
			var entries [][]byte
			for range 6 {
				entries = append(entries, p.forged(t, 0))
			}
			p.logged(t, true, entries...)
		}},
		{"an endorsement altered", CheckEndorsements, func(t *testing.T, p *poll) {
			e := *p.endorsement(t, 2)
			e.signature.Z.Add(&e.signature.Z, &e.signature.Z)
			p.put(EndorsementFile(2), e.Bytes())
		}},
		{"a share altered", CheckShares, func(t *testing.T, p *poll) {
			s := p.share(t, 2)
			s.opening.D[0].Double(&s.opening.D[0])
			p.put(ShareFile(2), s.Bytes())
		}},
		{"a result altered", CheckResult, func(t *testing.T, p *poll) {
			p.alter(ResultFile, func(b []byte) []byte { return bytes.Replace(b, []byte(`"total":2`), []byte(`"total":3`), 1) })
		}},
		{"a text altered", CheckTexts, func(t *testing.T, p *poll) { p.alter(TextFile("treaty"), flip(0)) }},
		{"a text of a question without one", CheckTexts, func(t *testing.T, p *poll) { p.put(TextFile("projects"), []byte(treaty)) }},
		{"a text of no question", CheckTexts, func(t *testing.T, p *poll) { p.put(TextFile("treaties"), []byte(treaty)) }},
		{"a file more", CheckFiles, func(t *testing.T, p *poll) { p.put("generators.json", []byte("{}")) }},
		{"a file more in the log", CheckFiles, func(t *testing.T, p *poll) { p.put("log/checkpoint.old", nil) }},
		{"a file more among the shares", CheckFiles, func(t *testing.T, p *poll) { p.put("shares/share-05.json", nil) }},
		{"a directory for a file", CheckFiles, func(t *testing.T, p *poll) { p.put("readme/x", nil) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := base().copy()
			c.spoil(t, p)
			r := p.audit(t)
			require.Equal(t, []Check{c.check}, r.Failed(), "%v", r.Err())
			var failed *CheckError
			require.ErrorAs(t, r.Err(), &failed)
			require.Equal(t, c.check, failed.Check)
			require.ErrorIs(t, r.Err(), ErrInvalid)
			require.True(t, strings.HasPrefix(lastLine(t, r), "audit: INVALID: "+string(c.check)+": "), lastLine(t, r))
		})
	}
}

// TestChecksThatWereNotMadeAreNotOK takes away what later checks need.
func TestChecksThatWereNotMadeAreNotOK(t *testing.T) {
	lines := func(p *poll) string {
		var b bytes.Buffer
		require.NoError(t, p.audit(t).WriteText(&b))
		return b.String()
	}
	for _, c := range []struct {
		missing string
		notMade []Check
	}{
		{SignaturesFile, []Check{CheckEndorsements, CheckShares, CheckResult}},
		{VerifyingKeyFile, []Check{CheckBallot, CheckTurnout, CheckEndorsements, CheckShares, CheckResult}},
		{"census/census.json", []Check{CheckTurnout, CheckEndorsements, CheckShares, CheckResult}},
		{"log/checkpoint", []Check{CheckLog, CheckBallot, CheckTurnout, CheckEndorsements, CheckShares, CheckResult}},
	} {
		p := base().copy()
		delete(p.files, c.missing)
		text := lines(p)
		for _, check := range checks {
			made := !slices.Contains(c.notMade, check)
			require.Equal(t, !made, regexp.MustCompile("(?m)^check "+string(check)+" +not checked: ").MatchString(text), "%s without %s", check, c.missing)
		}
	}
	p := bare()
	p.endorsed(t, 1)
	text := lines(p)
	require.Regexp(t, "(?m)^check endorsements +incomplete: 1 of the 3 endorsements", text)
	require.Regexp(t, "(?m)^check shares +incomplete: 0 of the 2 shares", text)
	require.Regexp(t, "(?m)^check result +incomplete: the record has no result.json", text)

	// A check that was not made, and nothing that explains it, is a failure.
	r := *base().audit(t)
	r.outcomes = slices.Clone(r.outcomes)
	r.outcomes[7].err = fmt.Errorf("%w: for no reason", errSkipped)
	require.ErrorContains(t, r.Err(), "ballot: not checked")
	require.Equal(t, "audit: INVALID: ballot: not checked: for no reason", r.verdict())
}

func TestReasonsOfFailures(t *testing.T) {
	p := base().copy()
	p.put(VerifyingKeyFile, []byte("key"))
	require.Contains(t, p.failed(t, CheckVerifyingKey), "the manifest names")

	for i := range 20 {
		p = base().copy()
		for j := range i {
			p.put(fmt.Sprintf("more-%02d", j), nil)
		}
		if i > 0 {
			p.failed(t, CheckFiles)
		}
		text := fmt.Sprint(p.audit(t).Err())
		require.Equal(t, i > 8, strings.Contains(text, fmt.Sprintf("and %d more", i-8)), text)
		require.Equal(t, min(i, 8), strings.Count(text, "does not belong to a record"), text)
	}

	// A manifest that names a verifying key which is none.
	p = newPoll(t, electiontest.Config{Edit: func(d *ballot.Draft) { d.Membership.VerifyingKey = sha256.Sum256([]byte("key")) }})
	p.put(VerifyingKeyFile, []byte("key"))
	p.logged(t, true)
	require.Contains(t, p.failed(t, CheckVerifyingKey), "malformed")
}

// forged returns a ballot of somebody who is not in the census, in the weight class of this
// member, with a proof by whoever kept the trapdoor of the set-up.
func (p *poll) forged(t testing.TB, member uint64) []byte {
	t.Helper()
	path, err := p.Census.Path(member)
	require.NoError(t, err)
	c, err := ballot.NewCredential(context.Background(), p.Manifest, proof.NewIdentity(), path, forger{p})
	require.NoError(t, err)
	s, err := c.Encrypt(electiontest.Votes(0))
	require.NoError(t, err)
	b, err := s.Sign(0)
	require.NoError(t, err)
	return b.Bytes()
}

type forger struct{ p *poll }

func (f forger) Prove(_ context.Context, id *proof.Identity, st proof.Statement) (*proof.Membership, error) {
	c := &proof.Claim{Scope: st.Scope, Message: st.Message}
	c.Membership = proof.Membership{Root: f.p.Manifest.Census().Root, Nullifier: id.Nullifier(st.Scope), Weight: st.Path.Weight}
	return &c.Membership, f.p.Key.Forge(c)
}

func (p *poll) endorsement(t testing.TB, j int) *Endorsement {
	t.Helper()
	e, err := ParseEndorsement(p.files[EndorsementFile(j)].Data)
	require.NoError(t, err)
	return e
}

func (p *poll) share(t testing.TB, j int) *Share {
	t.Helper()
	s, err := ParseShare(p.files[ShareFile(j)].Data)
	require.NoError(t, err)
	return s
}
