//go:build scrutin_nocheck

package tally

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/internal/nocheck/off"
	"github.com/scrutin/scrutin/testdata/vectors"
)

// The vectors of docs/spec/vectors.md are made here:
//
//	go run ./internal/nocheck -run TestVectorsAreReproduced ./tally -update
//
// A bad record is made in a world that lacks the one check that it fails: with that check off, honest
// trustees audit, endorse and open it. So nothing else is wrong with it.

var update = flag.Bool("update", false, "write the vectors")

// maker makes vectors.
type maker struct {
	*testing.T
	name    string // of the vector that is being made
	good    map[string]*poll
	entries map[string][][]byte // of the logs of bad records, by check
	whyOf   map[string]string
	out     map[string][]byte // files below testdata/vectors
}

// draw makes what comes next depend on its name alone, and not on what was drawn before it, as the
// random weights of verifiers, which work side by side.
func (m *maker) draw(what string) { m.drawAs(m.name + " " + what) }

func (m *maker) drawAs(name string) {
	h := fnv.New64a()
	h.Write([]byte(name))
	cryptotest.SetGlobalRandom(m.T, h.Sum64())
}

// options are what an election is made with.
type options struct {
	electiontest.Config
	acts func(*run) // what trustees do in the ceremony
}

var treatyQuestion = electiontest.Questions()[:1]

// poll makes an election of one question, and the files that exist before the first ballot.
func (m *maker) poll(o options) *poll {
	m.Helper()
	c := o.Config
	// Elections that are set up alike have the same keys and voters, so their records share files.
	m.drawAs(fmt.Sprint("election ", c.Voters, c.Weights, c.Trustees, c.Threshold, c.Boxes, o.acts == nil))
	if c.Voters == 0 && c.Weights == nil {
		c.Voters = 4
	}
	if c.Trustees == 0 {
		c.Trustees, c.Threshold = 3, 2
	}
	p := &poll{run: newFilelessRun(m.T, c.Trustees, c.Threshold)}
	if o.acts != nil {
		o.acts(p.run)
	}
	p.run.play()
	edit := c.Edit
	c.Edit = func(d *ballot.Draft) {
		key, err := p.run.c.PublicKey()
		require.NoError(m, err, "%+v", p.run.c.Status())
		d.PublicKey, d.Ceremony, d.Trustees = key.Bytes(), p.run.digest(), p.run.c.Roster().Trustees
		d.Questions = treatyQuestion
		if edit != nil {
			edit(d)
		}
	}
	p.Election = electiontest.New(m, c)
	p.Signatures = nil
	for j := 1; j < len(p.run.trustees); j++ {
		p.Signatures = append(p.Signatures, ballot.SignElection(p.Manifest, j, &p.run.trustees[j].vault.x))
	}
	dir := m.TempDir()
	p.announce(m, dir)
	p.files = load(m, os.DirFS(dir))
	return p
}

var answers = map[string]map[ballot.QuestionID]ballot.Vote{
	"yes": {"treaty": ballot.Choose("yes")}, "no": {"treaty": ballot.Choose("no")}, "blank": {"treaty": ballot.Blank()},
}

// cast is a ballot of a voter.
func (m *maker) cast(p *poll, voter int, sequence uint32, answer string) []byte {
	m.Helper()
	s, err := p.Credential(m, voter).Encrypt(answers[answer])
	require.NoError(m, err)
	b, err := s.Sign(sequence)
	require.NoError(m, err)
	return b.Bytes()
}

// lie is a ballot of a voter that is wrong in one thing.
func (m *maker) lie(p *poll, voter int, sequence uint32, lie ballot.Lie) []byte {
	m.Helper()
	m.draw("lie")
	if lie.Bits == nil {
		lie.Bits = []int64{1, 0, 0} // yes
	}
	raw, err := p.Credential(m, voter).Forge(sequence, lie)
	require.NoError(m, err)
	return raw
}

// entriesOf are the ballots of most records: yes, no, blank, and the first voter's second thought.
func (m *maker) entriesOf(p *poll) [][]byte {
	m.draw("ballots")
	out := [][]byte{m.cast(p, 0, 0, "yes"), m.cast(p, 1, 0, "no"), m.cast(p, 2, 0, "blank")}
	if p.Manifest.Revote().Rule == ballot.RevoteLast {
		out = append(out, m.cast(p, 0, 1, "no"))
	}
	return out
}

// closed writes the sealed log.
func (m *maker) closed(p *poll, entries ...[]byte) *poll {
	p.entries = entries
	p.loggedAt(m, 1, true, entries...)
	return p
}

// tallied adds endorsements, shares and result. Its trustees keep no journals.
func (m *maker) tallied(p *poll) *poll {
	m.Helper()
	for name := range p.files {
		if strings.HasPrefix(name, SharesDir+"/") || name == ResultFile {
			delete(p.files, name)
		}
	}
	r := m.audit(p)
	m.draw("endorsements")
	for j := 1; j < len(p.run.trustees); j++ {
		e, err := endorse(r, j, &p.run.trustees[j].vault.x)
		require.NoError(m, err)
		p.put(EndorsementFile(j), e.Bytes())
	}
	r = m.audit(p)
	m.draw("shares")
	var shares []*Share
	for j := 1; j < len(p.run.trustees); j++ {
		s, err := makeShare(r, j, p.run.share(j))
		require.NoError(m, err)
		p.put(ShareFile(j), s.Bytes())
		shares = append(shares, s)
	}
	result, err := r.Open(context.Background(), shares...)
	require.NoError(m, err)
	p.put(ResultFile, result.Bytes())
	return p
}

func (m *maker) audit(p *poll) *Report {
	m.Helper()
	r, err := Audit(context.Background(), p.files, p.known(), accept)
	require.NoError(m, err)
	require.NoError(m, r.Err())
	return r
}

// empty is an election in which nobody voted, tallied.
func (m *maker) empty(o options) *poll { return m.tallied(m.closed(m.poll(o))) }

// copy is a poll like a good one, to be spoiled.
func (m *maker) copy(name string) *poll { return m.good[name].copy() }

// spoiled is a bad record to be made.
type spoiled struct {
	check, base, why string
	through          string   // a check that finds it by what this one refuses
	also             []string // other checks of the report that fail
	backed           bool     // if the check is removed, another one finds it: it has no mark
	make             func(m *maker) *poll
}

func (m *maker) goods() {
	for _, g := range []struct {
		name, why string
		make      func() *poll
	}{
		{"unweighted", "Four voters without weights, three of whom voted, one of them twice.", func() *poll {
			p := m.poll(options{Config: electiontest.Config{Revotes: 1}})
			return m.tallied(m.closed(p, m.entriesOf(p)...))
		}},
		{"weighted", "Four voters with weights 1, 1, 5 and 5, three of whom voted.", func() *poll {
			p := m.poll(options{Config: electiontest.Config{Weights: []uint64{1, 1, 5, 5}}})
			return m.tallied(m.closed(p, m.entriesOf(p)...))
		}},
		{"empty", "Nobody voted.", func() *poll { return m.empty(options{}) }},
		{"awaiting-shares", "The trustees have endorsed the sums of a closed poll, and one of the two shares that open them is there.", func() *poll {
			p := m.copy("unweighted")
			delete(p.files, ShareFile(2))
			delete(p.files, ShareFile(3))
			delete(p.files, ResultFile)
			return p
		}},
		{"boxes", "Three ballot boxes, of which a voter uses two. The third one lost a ballot, which is tolerated.", func() *poll {
			p := m.poll(options{Config: electiontest.Config{Boxes: 3, Copies: 2, Revotes: 1}})
			p.entries = m.entriesOf(p)
			m.boxes(p, [][][]byte{p.entries, p.entries, p.entries[:2]})
			return m.tallied(p)
		}},
		{"accused", "A trustee of four complained about a good deal, and proved it a lie; the ceremony went on.", func() *poll {
			return m.empty(options{Config: electiontest.Config{Trustees: 4, Threshold: 2}, acts: complains(false)})
		}},
	} {
		m.name = "good/" + g.name
		p := g.make()
		m.good[g.name], m.whyOf[m.name] = p, g.why
		v := &vectors.Record{Election: p.Manifest.ID().String(), Why: g.why, NoResult: g.name == "awaiting-shares"}
		m.record(v, nil, p)
		r := m.audit(p)
		require.Equal(m, v.NoResult, r.Result == nil)
	}
}

// boxes writes the logs of several boxes.
func (m *maker) boxes(p *poll, entries [][][]byte) {
	for i := range entries {
		p.loggedAt(m, i+1, true, entries[i]...)
	}
}

// record adds the files of a record.
func (m *maker) record(v *vectors.Record, base, p *poll) {
	dir := path.Join("records", m.name)
	was := fstest.MapFS{}
	if base != nil {
		was = base.files
	}
	for name, f := range p.files {
		if b, ok := was[name]; !ok || !bytes.Equal(b.Data, f.Data) {
			m.out[path.Join(dir, "record", name)] = f.Data
		}
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if p.files[name] == nil {
			v.Deleted = append(v.Deleted, name)
		}
	}
	m.write(path.Join(dir, "vector.json"), v)
}

func (m *maker) write(name string, v any) {
	b, err := json.MarshalIndent(v, "", "  ")
	require.NoError(m, err)
	m.out[name] = append(b, '\n')
}

// bads makes the bad records. Each is shown to fail its check, and to pass without it.
func (m *maker) bads() {
	for _, v := range badRecords {
		m.name = "bad/" + v.check
		if !v.backed {
			off.Only(v.check)
		}
		p := v.make(m)
		base := v.base
		if base == "" {
			base = "unweighted"
		}
		if !v.backed {
			require.NotNil(m, m.audit(p).Result, v.check)
		}
		off.Only("")
		got := judged(m, p.files, p.known())
		require.Equal(m, append([]string{step(v.check)}, v.also...), got.failed, v.check)
		m.entries[v.check], m.whyOf[v.check] = p.entries, v.why
		m.record(&vectors.Record{
			Base: "good/" + base, Check: v.check, Kind: got.kind, Alone: !v.backed, Through: v.through, Also: v.also, Election: p.known().String(), Why: v.why,
		}, m.good[base], p)
	}
}

func step(check string) string { s, _, _ := strings.Cut(check, "/"); return s }

// TestVectorsAreReproduced makes all vectors anew: they are those in testdata/vectors, byte for byte.
func TestVectorsAreReproduced(t *testing.T) {
	m := &maker{T: t, good: map[string]*poll{}, entries: map[string][][]byte{}, whyOf: map[string]string{}, out: map[string][]byte{}}
	m.goods()
	m.bads()
	m.messages()
	root := filepath.Join("..", "testdata", "vectors")
	committed := map[string][]byte{}
	for _, dir := range []string{"records", "messages"} {
		if *update {
			require.NoError(t, os.RemoveAll(filepath.Join(root, dir)))
		}
		if _, err := os.Stat(filepath.Join(root, dir)); err != nil {
			continue
		}
		for name, f := range load(t, os.DirFS(filepath.Join(root, dir))) {
			committed[path.Join(dir, name)] = f.Data
		}
	}
	if *update {
		for name, b := range m.out {
			file := filepath.Join(root, filepath.FromSlash(name))
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, b, 0o644))
		}
		return
	}
	require.Equal(t, slices.Sorted(maps.Keys(m.out)), slices.Sorted(maps.Keys(committed)))
	for name, b := range m.out {
		require.True(t, bytes.Equal(b, committed[name]), name)
	}
}
