package tally

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/internal/legible"
)

// documents are the three documents of a tally, each with its decoder.
func documents() map[string]struct {
	raw   []byte
	parse func(b []byte) ([]byte, error)
} {
	p := base()
	return map[string]struct {
		raw   []byte
		parse func(b []byte) ([]byte, error)
	}{
		"endorsement": {p.files[EndorsementFile(2)].Data, func(b []byte) ([]byte, error) {
			e, err := ParseEndorsement(b)
			if err != nil {
				return nil, err
			}
			return e.Bytes(), nil
		}},
		"share": {p.files[ShareFile(2)].Data, func(b []byte) ([]byte, error) {
			s, err := ParseShare(b)
			if err != nil {
				return nil, err
			}
			return s.Bytes(), nil
		}},
		"result": {p.files[ResultFile].Data, func(b []byte) ([]byte, error) {
			r, err := ParseResult(p.Manifest, b)
			if err != nil {
				return nil, err
			}
			return r.Bytes(), nil
		}},
	}
}

func TestAttack27OneEncodingForEachDocument(t *testing.T) {
	p := base()
	for name, d := range documents() {
		again, err := d.parse(d.raw)
		require.NoError(t, err, name)
		require.Equal(t, string(d.raw), string(again), name)

		good := string(d.raw)
		for n := range d.raw {
			_, err := d.parse(d.raw[:n])
			require.ErrorIs(t, err, ErrMalformed, "%s: %d bytes", name, n)
		}
		for n := 1; n <= 100; n++ {
			for _, more := range []string{"\x00", " ", "}"} {
				_, err := d.parse(append(bytes.Clone(d.raw), strings.Repeat(more, n)...))
				require.ErrorIs(t, err, ErrMalformed, "%s: %d bytes more", name, n)
			}
		}
		for what, bad := range map[string]string{
			"unknown member":   strings.Replace(good, `{"aggregate"`, `{"aa":1,"aggregate"`, 1),
			"duplicate member": strings.Replace(good, `{"aggregate"`, `{"aggregate":"`+strings.Repeat("0", 64)+`","aggregate"`, 1),
			"missing member":   `{` + good[strings.Index(good, `,"`)+1:],
			"other case":       strings.Replace(good, `"election"`, `"Election"`, 1),
			"other format":     strings.Replace(good, `/v1"`, `/v2"`, 1),
			"number as text":   strings.NewReplacer(`"trustee":2`, `"trustee":"2"`, `"weight":4`, `"weight":"4"`).Replace(good),
			"fraction":         strings.NewReplacer(`"trustee":2`, `"trustee":2.0`, `"weight":4`, `"weight":4.0`).Replace(good),
			"exponent":         strings.NewReplacer(`"trustee":2`, `"trustee":2e0`, `"weight":4`, `"weight":4e0`).Replace(good),
			"negative":         strings.NewReplacer(`"trustee":2`, `"trustee":-2`, `"weight":4`, `"weight":-4`).Replace(good),
			"null":             "null",
			"list":             "[" + good + "]",
		} {
			require.NotEqual(t, good, bad, "%s: %s", name, what)
			_, err := d.parse([]byte(bad))
			require.ErrorIs(t, err, ErrMalformed, "%s: %s", name, what)
		}
	}
	for name, parse := range map[string]func(b []byte) error{
		"endorsement": func(b []byte) error { _, err := ParseEndorsement(b); return err },
		"share":       func(b []byte) error { _, err := ParseShare(b); return err },
		"result":      func(b []byte) error { _, err := ParseResult(p.Manifest, b); return err },
	} {
		err := parse([]byte("[" + strings.Repeat("1,", maxResultFile) + "1]"))
		require.ErrorIs(t, err, ErrMalformed)
		require.ErrorContains(t, err, "more than", name)
	}
	for _, size := range []int{0, 2, 190, 194, 384} {
		bad := []byte(`"` + strings.Repeat("00", size/2) + `"`)
		_, err := ParseEndorsement(regexp.MustCompile(`"[0-9a-f]{192}"`).ReplaceAll(base().files[EndorsementFile(2)].Data, bad))
		require.ErrorIs(t, err, ErrMalformed, "signature of %d digits", size)
		_, err = ParseShare(regexp.MustCompile(`"[0-9a-f]{192,}"`).ReplaceAll(base().files[ShareFile(2)].Data, bad))
		require.ErrorIs(t, err, ErrMalformed, "share of %d digits", size)
	}
	for _, index := range []string{"0", "65", "4294967298", "9007199254740993"} {
		for name, parse := range map[string]func(b []byte) error{
			EndorsementFile(2): func(b []byte) error { _, err := ParseEndorsement(b); return err },
			ShareFile(2):       func(b []byte) error { _, err := ParseShare(b); return err },
		} {
			b := bytes.Replace(base().files[name].Data, []byte(`"trustee":2`), []byte(`"trustee":`+index), 1)
			require.ErrorIs(t, parse(b), ErrMalformed, index)
		}
	}
}

func FuzzDocuments(f *testing.F) {
	for _, d := range documents() {
		f.Add(d.raw)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for name, d := range documents() {
			if again, err := d.parse(b); err == nil {
				require.Equal(t, string(b), string(again), name)
			}
		}
	})
}

func TestEndorsementHoldsForOneTrusteeAndOneSubject(t *testing.T) {
	p := base()
	r := p.audit(t)
	require.NoError(t, r.verifyEndorsement(p.endorsement(t, 2)))
	for name, alter := range map[string]func(e *Endorsement){
		"trustee":     func(e *Endorsement) { e.Trustee = 3 },
		"no trustee":  func(e *Endorsement) { e.Trustee = 5 },
		"index 0":     func(e *Endorsement) { e.Trustee = 0 },
		"election":    func(e *Endorsement) { e.Election[31] ^= 1 },
		"checkpoint":  func(e *Endorsement) { e.Checkpoint[31] ^= 1 },
		"sums":        func(e *Endorsement) { e.Aggregate[31] ^= 1 },
		"commitment":  func(e *Endorsement) { e.signature.R.Add(&e.signature.R, babyjub.NewGenerator()) },
		"response":    func(e *Endorsement) { e.signature.Z.Add(&e.signature.Z, new(babyjub.Scalar).SetUint64(1)) },
		"another's":   func(e *Endorsement) { e.signature = p.endorsement(t, 3).signature },
		"nonce alone": func(e *Endorsement) { e.signature.Z.SetUint64(0) },
	} {
		e := p.endorsement(t, 2)
		alter(e)
		require.Error(t, r.verifyEndorsement(e), name)
		// The signature covers each part of the subject, not only its comparison.
		e.Subject = p.endorsement(t, 2).Subject
		if e.Trustee == 2 && e.signature == p.endorsement(t, 2).signature {
			forged := *r
			alter(e)
			forged.subject = e.Subject
			require.ErrorIs(t, forged.verifyEndorsement(e), ErrInvalid, name)
		}
	}
	_, err := endorse(r, 2, &p.run.vault(3).x)
	require.ErrorIs(t, err, ErrForeign)
	_, err = endorse(r, 5, &p.run.vault(3).x)
	require.ErrorIs(t, err, ErrForeign)
	_, err = makeShare(r, 2, p.run.share(3))
	require.Error(t, err)
	_, err = makeShare(r, 0, p.run.share(3))
	require.ErrorIs(t, err, ErrForeign)
}

func TestAggregateDigestCoversAllOfTheTally(t *testing.T) {
	r := base().audit(t)
	digest := func(change func(r *Report)) [32]byte {
		c := *r
		c.sums = append(identities(0), r.sums...)
		change(&c)
		return aggregateDigest(c.Election, c.subject.Checkpoint, c.Counted, c.CountedWeight, c.sums)
	}
	require.Equal(t, r.subject.Aggregate, digest(func(*Report) {}))
	seen := map[[32]byte]string{r.subject.Aggregate: "none"}
	for name, change := range map[string]func(r *Report){
		"election":   func(r *Report) { r.Election[0] ^= 1 },
		"checkpoint": func(r *Report) { r.subject.Checkpoint[0] ^= 1 },
		"ballots":    func(r *Report) { r.Counted++ },
		"weight":     func(r *Report) { r.CountedWeight++ },
		"sum A":      func(r *Report) { r.sums[1].A.Double(&r.sums[1].A) },
		"sum B":      func(r *Report) { r.sums[1].B.Double(&r.sums[1].B) },
		"order":      func(r *Report) { r.sums[0], r.sums[1] = r.sums[1], r.sums[0] },
		"one less":   func(r *Report) { r.sums = r.sums[:len(r.sums)-1] },
	} {
		d := digest(change)
		require.NotContains(t, seen, d, name)
		seen[d] = name
	}
}

func TestReportThatIsNotOfAnAuditIsWorthNothing(t *testing.T) {
	ctx := context.Background()
	p := base()
	for _, r := range []*Report{nil, {}, {Closed: true, Stage: Opened}} {
		require.ErrorIs(t, r.Err(), ErrInvalid)
		_, err := r.Open(ctx, p.share(t, 1), p.share(t, 2))
		require.ErrorIs(t, err, ErrInvalid)
		_, err = p.run.trustees[1].Endorse(r)
		require.ErrorIs(t, err, ErrInvalid)
		_, err = p.run.trustees[1].Share(r)
		require.ErrorIs(t, err, ErrInvalid)
		_, err = endorse(r, 1, &p.run.vault(1).x)
		require.ErrorIs(t, err, ErrInvalid)
		_, err = makeShare(r, 1, p.run.share(1))
		require.ErrorIs(t, err, ErrInvalid)
		var text bytes.Buffer
		require.NoError(t, r.WriteText(&text))
		require.True(t, strings.HasPrefix(text.String(), "audit: INVALID: "), text.String())
	}
	require.Error(t, new(Result).WriteText(new(bytes.Buffer), ""))
}

func TestRecordFilesAppearWhole(t *testing.T) {
	p := base()
	dir := filepath.Join(t.TempDir(), "deep", "record")
	record, err := OpenRecord(dir)
	require.NoError(t, err)
	require.NoError(t, record.WriteManifest(p.Manifest))
	require.NoError(t, record.WriteManifest(p.Manifest), "again")
	require.NoError(t, record.WriteSignatures(p.Signatures))
	require.NoError(t, record.WriteCeremony(p.run.c))
	require.NoError(t, record.WriteVerifyingKey(p.Key.VerifyingKey()))
	require.NoError(t, record.WriteCensus(p.Census))
	require.NoError(t, record.WriteDocument("treaty", strings.NewReader(treaty)))
	for j := 1; j <= 4; j++ {
		require.NoError(t, record.WriteEndorsement(p.endorsement(t, j)))
		require.NoError(t, record.WriteShare(p.share(t, j)))
	}
	require.NoError(t, record.WriteResult(p.result))
	require.NoError(t, os.CopyFS(record.Path(LogDir), load(t, subFS(t, p))))
	require.Equal(t, contents(p.files), contents(load(t, record.FS())))

	r, err := Audit(context.Background(), record.FS(), p.Manifest.ID(), accept)
	require.NoError(t, err)
	require.NoError(t, r.Err())

	require.NoError(t, os.Remove(record.Path(ResultFile)))
	require.NoError(t, os.MkdirAll(filepath.Join(record.Path(ResultFile), "x"), 0o755))
	require.Error(t, record.WriteResult(p.result))
	for _, unfinished := range []string{".*", "*/.*", "../.*"} {
		left, err := filepath.Glob(filepath.Join(dir, unfinished))
		require.NoError(t, err)
		require.Empty(t, left)
	}
	_, err = OpenRecord(record.Path(ManifestFile))
	require.Error(t, err)
}

// What cannot be written says which file, and what failed first.
func TestRecordThatCannotBeWritten(t *testing.T) {
	p := base()
	dir := t.TempDir()
	record, err := OpenRecord(dir)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, SharesDir), nil, 0o600))
	require.ErrorContains(t, record.WriteShare(p.share(t, 1)), "tally: record: "+ShareFile(1)+": mkdir ")

	require.NoError(t, os.WriteFile(filepath.Join(dir, ManifestFile), []byte("{}"), 0o600))
	err = record.WriteDocument("treaty", strings.NewReader(treaty))
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, "tally: record: "+TextFile("treaty")+": malformed: "+ManifestFile)

	if _, err := os.Stat("/proc/self"); err == nil { // a directory in which nobody makes files
		require.ErrorContains(t, (&Record{"/proc"}).WriteShare(p.share(t, 1)), "tally: record: ")
		require.ErrorContains(t, (&Record{"/proc"}).write(ResultFile, nil), "tally: record: "+ResultFile+": open ")
	}
}

// A record may be the top of a file system, as a mounted volume is: nothing passes through the
// directory above it.
func TestRecordInAFileSystemOfItsOwn(t *testing.T) {
	volume, err := os.MkdirTemp("/dev/shm", "record")
	if err != nil {
		t.Skip(err)
	}
	defer os.RemoveAll(volume)
	dir := filepath.Join(t.TempDir(), "record")
	require.NoError(t, os.Symlink(volume, dir))
	record, err := OpenRecord(dir)
	require.NoError(t, err)
	require.NoError(t, record.WriteManifest(base().Manifest))
	require.NoError(t, record.WriteCensus(base().Census))
	require.NoError(t, record.WriteResult(base().result))
}

func TestTextOfAReport(t *testing.T) {
	p := base()
	var text bytes.Buffer
	require.NoError(t, p.audit(t).WriteText(&text))
	lines := strings.Split(text.String(), "\n")
	at := func(prefix string) string {
		for _, l := range lines {
			if strings.HasPrefix(l, prefix) {
				return strings.Join(strings.Fields(strings.TrimPrefix(l, prefix)), " ")
			}
		}
		t.Fatalf("no line %q in\n%s", prefix, text.String())
		return ""
	}
	require.Equal(t, p.Manifest.ID().String(), at("election "))
	require.Equal(t, "Assembly", at("title "))
	require.Equal(t, "5 voters", at("on the roll "))
	require.Equal(t, "4", at("logged "))
	require.Equal(t, "0", at("superseded "))
	require.Equal(t, "0", at("invalid "))
	require.Equal(t, "4 ballots", at("counted "))
	require.Equal(t, `1 on "treaty"`, at("blank "))
	require.Equal(t, `1 "T1", 2 "T2", 3 "T3", 4 "T4" (3 needed)`, at("endorsements "))
	require.Equal(t, `1 "T1", 2 "T2", 3 "T3", 4 "T4" (2 needed)`, at("shares "))
	for _, c := range checks {
		require.Equal(t, "ok", at("check "+string(c)+" "), c)
	}
	require.Equal(t, "audit: ok", lines[len(lines)-2])

	require.Regexp(t, "sealed$", at("checkpoint "))
	var english bytes.Buffer
	require.NoError(t, p.result.WriteText(&english, "en"))
	for line := range strings.Lines(english.String()) {
		require.Contains(t, text.String(), "\n"+strings.TrimSuffix("  "+line, "  \n"), "the result, in the first language, indented")
	}

	var french bytes.Buffer
	require.NoError(t, p.result.WriteText(&french, "fr"))
	require.Equal(t, `treaty: Le traité doit-il être ratifié ?
  Oui  2  first
  Non  1
       1  blank

projects: Quels projets d'abord ?
  Pont          1  tied for first
  Bibliothèque  1  tied for first
  Parc          0
  École         1  tied for first
                1  blank
`, french.String())
}

func TestTextOfOtherReports(t *testing.T) {
	text := func(p *poll) string {
		var b bytes.Buffer
		require.NoError(t, p.audit(t).WriteText(&b))
		return b.String()
	}
	p := newPoll(t, electiontest.Config{Weights: []uint64{3, 5, 5}})
	p.logged(t, false, p.ballots(t, 2)...)
	weighted := text(p)
	require.Regexp(t, `(?m)^on the roll +3 voters of weight 13$`, weighted)
	require.Regexp(t, `(?m)^smallest class +1 voters of weight 3$`, weighted)
	require.Regexp(t, `(?m)^counted +2 ballots of weight 8$`, weighted)
	require.Regexp(t, `(?m)^checkpoint .*, NOT SEALED$`, weighted)
	require.Regexp(t, `(?m)^check checkpoint +FAILED: invalid: the log is not sealed`, weighted)
	p.logged(t, true)
	waiting := text(p)
	require.Regexp(t, `(?m)^endorsements +none \(3 needed\)$`, waiting)
	require.Regexp(t, `(?m)^shares +none \(2 needed\)$`, waiting)

	for after := range 40 {
		w := &full{after: after * 20}
		require.ErrorIs(t, base().audit(t).WriteText(w), errMedium)
	}
	require.ErrorIs(t, new(Report).WriteText(&full{}), errMedium)
}

// full is a writer that fails after so many bytes.
type full struct{ after int }

func (f *full) Write(b []byte) (int, error) {
	if f.after -= len(b); f.after < 0 {
		return 0, errMedium
	}
	return len(b), nil
}

// TestTextsOfARecordCannotWriteAVerdict audits records whose texts try to end the report.
func TestTextsOfARecordCannotWriteAVerdict(t *testing.T) {
	require.Equal(t, "a�audit: ok", legible.Printable("a\naudit: ok"))
	require.Equal(t, "a�b�c�", legible.Printable("a\u202eb\rc\x1b"))
	p := base().copy()
	p.put("x\naudit: ok", nil)
	r := p.audit(t)
	require.Equal(t, []Check{CheckFiles}, r.Failed())
	require.True(t, strings.HasPrefix(lastLine(t, r), "audit: INVALID: files: "))
	var text bytes.Buffer
	require.NoError(t, r.WriteText(&text))
	require.NotContains(t, text.String(), "\naudit: ok")

	p = newPoll(t, electiontest.Config{Voters: 1, Edit: func(d *ballot.Draft) {
		d.Questions[0].ID = "audit"
		d.Questions[0].Title = ballot.Text{"en": "ok", "fr": "ok"}
	}})
	p.counted(t)
	p.put("x", nil)
	r = p.audit(t)
	require.Equal(t, []Check{CheckFiles}, r.Failed())
	text.Reset()
	require.NoError(t, r.WriteText(&text))
	require.Contains(t, text.String(), "\n  audit: ok")
	require.NotContains(t, text.String(), "\naudit: ok")

	p = newPoll(t, electiontest.Config{})
	p.logged(t, true, []byte("x\naudit: ok"))
	r = p.audit(t)
	text.Reset()
	require.NoError(t, r.WriteText(&text))
	require.NotContains(t, text.String(), "\naudit: ok")
}

// A link is no file of a record: what it leads to may be elsewhere, or gone for the next auditor.
func TestLinksAreNoPartOfARecord(t *testing.T) {
	raw, err := os.ReadFile("testdata/records/v1/record/manifest.json")
	require.NoError(t, err)
	id := ballot.ElectionID(sha256.Sum256(raw))
	for name, check := range map[string]Check{
		"signatures.json":  CheckSignatures,
		"ceremony.json":    CheckCeremony,
		"verifying.key":    CheckVerifyingKey,
		"census":           CheckCensus,
		"log":              CheckCheckpoint,
		"log/checkpoint":   CheckCheckpoint,
		"log/tile/entries": CheckLog,
		"shares":           CheckFiles,
		"result.json":      CheckResult,
	} {
		outside, dir := t.TempDir(), t.TempDir()
		require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/records/v1/record")))
		path, target := filepath.Join(dir, filepath.FromSlash(name)), filepath.Join(outside, "target")
		require.NoError(t, os.Rename(path, target))
		if err := os.Symlink(target, path); err != nil {
			t.Skip("the system has no links: ", err)
		}
		r, err := Audit(context.Background(), os.DirFS(dir), id, accept)
		require.NoError(t, err, name)
		require.Contains(t, r.Failed(), check, name)
		require.Error(t, r.Err(), name)

		require.NoError(t, os.Remove(path))
		require.NoError(t, os.Symlink(path, path)) // a loop
		r, err = Audit(context.Background(), os.DirFS(dir), id, accept)
		require.NoError(t, err, name)
		require.Contains(t, r.Failed(), check, name)
	}
}
