//go:build scrutin_nocheck

package tally

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"path"
	"slices"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/internal/nocheck/off"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/testdata/vectors"
)

// messages makes the messages.
func (m *maker) messages() {
	m.ballotMessages()
	m.membershipMessages()
	m.ceremonyMessages()
	m.logMessages()
	m.evidenceMessages()
	m.trusteeMessages()
}

// good adds a message that is right, and bad one that fails a check: alone, unless another check
// would find it as well.
func (m *maker) goodMessage(name, kind, record, why string, parts ...[]byte) {
	m.message("good/"+name, &vectors.Message{Type: kind, Record: "good/" + record, Why: why}, parts...)
}

func (m *maker) badMessage(check, kind, record, why string, parts ...[]byte) {
	m.message("bad/"+check, &vectors.Message{Check: check, Alone: true, Type: kind, Record: "good/" + record, Why: why}, parts...)
}

func (m *maker) backedMessage(check, kind, record, why string, parts ...[]byte) {
	m.message("bad/"+check, &vectors.Message{Check: check, Type: kind, Record: "good/" + record, Why: why}, parts...)
}

// message adds a message. Its record is committed before: see TestVectorsAreReproduced.
func (m *maker) message(name string, v *vectors.Message, parts ...[]byte) {
	for _, b := range parts {
		v.Parts = append(v.Parts, hex.EncodeToString(b))
	}
	v.Name = name
	if v.Check != "" {
		if v.Alone {
			off.Only(v.Check)
			require.NoError(m, m.accept(v), name)
		}
		off.Only("")
		err := m.accept(v)
		require.Error(m, err, name)
		v.Kind = kindOf(err)
	} else {
		require.NoError(m, m.accept(v), name)
	}
	m.write(path.Join("messages", name+".json"), v)
}

// accept is acceptMessage under a record that is not committed yet.
func (m *maker) accept(v *vectors.Message) error {
	p := m.good[path.Base(v.Record)]
	return acceptMessage(m, v, p.files, p.known())
}

// ballotMessages are those of the bad records.
func (m *maker) ballotMessages() {
	for _, name := range []string{"unweighted", "weighted"} {
		m.goodMessage("ballots-"+name, "ballots", name, m.whyOf["good/"+name], m.good[name].entries...)
	}
	honest := m.good["unweighted"].entries
	for _, v := range badRecords {
		if step(v.check) != string(CheckBallot) || v.base != "" {
			continue
		}
		var parts [][]byte // without the ballots of other voters
		for _, b := range m.entries[v.check] {
			if !bytes.Equal(b, honest[1]) && !bytes.Equal(b, honest[2]) && len(parts) < 4 {
				parts = append(parts, b)
			}
		}
		if !slices.ContainsFunc(parts[:1], func(b []byte) bool { return bytes.Equal(b, honest[0]) }) && v.check != "ballot/argument-constraints" {
			parts = parts[:1]
		}
		if v.backed {
			m.backedMessage(v.check, "ballots", "unweighted", v.why, parts...)
		} else {
			m.badMessage(v.check, "ballots", "unweighted", v.why, parts...)
		}
	}
}

// membershipMessages are claims of membership.
func (m *maker) membershipMessages() {
	parts := func(c *proof.Claim) [][]byte {
		w := binary.BigEndian.AppendUint64(nil, c.Membership.Weight)
		return [][]byte{c.Membership.Root[:], c.Membership.Nullifier[:], w, c.Membership.Proof[:], c.Scope[:], c.Message[:]}
	}
	claim := func(name string) (*poll, *proof.Claim) {
		p := m.good[name]
		b, err := ballot.ParseBallot(p.Manifest, p.entries[2])
		require.NoError(m, err)
		id := p.Manifest.ID()
		c := &proof.Claim{Scope: proof.Scope(id), Message: transcript.Digest("credential", id[:], p.entries[2][65:129])}
		c.Membership.Root, c.Membership.Nullifier = p.Manifest.Census().Root, b.Nullifier()
		c.Membership.Weight = binary.BigEndian.Uint64(p.entries[2][129:137])
		copy(c.Membership.Proof[:], p.entries[2][137:])
		return p, c
	}
	for _, name := range []string{"unweighted", "weighted"} {
		_, c := claim(name)
		m.goodMessage("membership-"+name, "membership", name, "The membership in a ballot.", parts(c)...)
	}
	backed := func(check, why string, change func(*proof.Claim)) {
		_, c := claim("weighted")
		change(c)
		m.backedMessage(check, "membership", "weighted", why, parts(c)...)
	}
	wrong := func(name, why string, change func(*proof.Claim)) {
		_, c := claim("weighted")
		change(c)
		m.message("bad/"+name, &vectors.Message{Check: "ballot/membership", Alone: true, Type: "membership", Record: "good/weighted", Why: why}, parts(c)...)
	}
	add := func(b []byte, n *big.Int) { new(big.Int).Add(new(big.Int).SetBytes(b), n).FillBytes(b) }
	backed("membership/nullifier", "The nullifier has the order of the scalar field added.", func(c *proof.Claim) { add(c.Membership.Nullifier[:], fr.Modulus()) })
	backed("membership/root", "The root has the order of the scalar field added.", func(c *proof.Claim) { add(c.Membership.Root[:], fr.Modulus()) })
	backed("membership/zero-root", "The root is 0.", func(c *proof.Claim) { clear(c.Membership.Root[:]) })
	wrong("ballot/membership.weight", "The weight is another one.", func(c *proof.Claim) { c.Membership.Weight++ })
	backed("membership/no-weight", "The weight is missing.", func(c *proof.Claim) { c.Membership.Weight = 0 })
	backed("membership/large-weight", "The weight is 2^40.", func(c *proof.Claim) { c.Membership.Weight = proof.MaxWeight })
	wrong("ballot/membership.scope", "The scope is another one.", func(c *proof.Claim) { c.Scope[0] ^= 1 })
	wrong("ballot/membership.message", "The message is another one.", func(c *proof.Claim) { c.Message[0] ^= 1 })
	backed("membership/coordinate", "A coordinate of A has the field's modulus added.", func(c *proof.Claim) { add(c.Membership.Proof[:32], fp.Modulus()) })
	backed("membership/curve", "The point A is not on the curve.", func(c *proof.Claim) { c.Membership.Proof[63] ^= 1 })
	backed("membership/infinity", "The point C is all zeros.", func(c *proof.Claim) { clear(c.Membership.Proof[192:]) })
	backed("membership/subgroup", "The point B is on the curve, outside of the subgroup of prime order.", func(c *proof.Claim) {
		b := outside()
		copy(c.Membership.Proof[64:], b[:])
	})
}

// outside is a point of the twist that is not in the subgroup: the first with a small x.
func outside() [128]byte {
	var g bn254.G2Affine
	_, _, _, g = bn254.Generators()
	b := bn254.E2{} // y^2 - x^3 of the generator: the curve's constant
	var cube bn254.E2
	cube.Square(&g.X).Mul(&cube, &g.X)
	b.Square(&g.Y).Sub(&b, &cube)
	for n := uint64(1); ; n++ {
		var p bn254.G2Affine
		p.X.A0.SetUint64(n)
		var square bn254.E2
		square.Square(&p.X).Mul(&square, &p.X).Add(&square, &b)
		if square.Legendre() != 1 {
			continue
		}
		p.Y.Sqrt(&square)
		if p.IsOnCurve() && !p.IsInSubGroup() {
			return p.RawBytes()
		}
	}
}

// ceremonyMessages are messages of the enrol round.
func (m *maker) ceremonyMessages() {
	r := m.good["empty"].run
	v := r.trustees[2].vault
	enrol := func(id [32]byte, round Round, author int) []byte {
		return newMessage(id, round, author, r.c.id, possession(r, 2), &v.x, &v.y)
	}
	m.goodMessage("ceremony", "ceremony", "empty", "The messages of a whole ceremony.", r.sent...)
	m.badMessage("ceremony/id", "ceremony", "empty", "The message names another ceremony.", enrol(sha256.Sum256([]byte("another ceremony")), RoundEnrol, 2))
	m.badMessage("ceremony/signature", "ceremony", "empty", "The message is signed by trustee 2 and names trustee 3.", enrol(r.c.id, RoundEnrol, 3))
	m.backedMessage("ceremony/round", "ceremony", "empty", "The message is of a round that there is not.", enrol(r.c.id, rounds, 2))
	m.backedMessage("ceremony/author", "ceremony", "empty", "The message is by a trustee that there is not.", enrol(r.c.id, RoundEnrol, 4))
}

// logMessages are checkpoints and receipts.
func (m *maker) logMessages() {
	p := m.good["unweighted"]
	checkpoint := p.files[LogDir+"/checkpoint"].Data
	m.goodMessage("checkpoint", "checkpoint", "unweighted", "The checkpoint of the log.", checkpoint)
	for _, check := range []string{"checkpoint/origin", "checkpoint/canonical"} {
		m.badMessage(check, "checkpoint", "unweighted", m.whyOf[check], m.out["records/bad/"+check+"/record/log/checkpoint"])
	}
	const forged = "checkpoint/signature"
	m.backedMessage(forged, "checkpoint", "unweighted", m.whyOf[forged], m.out["records/bad/"+forged+"/record/log/checkpoint"])

	receipt := func(p *poll, number int, index uint64, entries [][]byte) *box.Receipt {
		hashes := storedHashes(m, entries)
		proof, err := tlog.ProveRecord(int64(len(entries)), int64(index), hashes)
		require.NoError(m, err)
		c, err := box.ParseCheckpoint(p.Manifest, p.files[BoxLogDir(p.Manifest, number)+"/checkpoint"].Data)
		require.NoError(m, err)
		return &box.Receipt{Index: index, Proof: proof, Checkpoint: c}
	}
	first := receipt(p, 1, 1, p.entries)
	m.goodMessage("receipt", "receipt", "unweighted", "A ballot and its receipt.", p.entries[1], first.Bytes())
	m.badMessage("receipt/inclusion", "receipt", "unweighted", "The receipt is of another ballot.", p.entries[2], first.Bytes())
	beyond := *first
	beyond.Index = 4
	m.backedMessage("receipt/index", "receipt", "unweighted", "The receipt is for number 4 of a log of 4 ballots.", p.entries[1], beyond.Bytes())

	b := m.good["boxes"]
	m.goodMessage("receipts", "receipts", "boxes", "A ballot and the receipts of two boxes.",
		b.entries[1], receipt(b, 1, 1, b.entries).Bytes(), receipt(b, 2, 1, b.entries).Bytes())
	m.badMessage("receipt/copies", "receipts", "boxes", "Two receipts of one box, where two boxes have to log a ballot.",
		b.entries[1], receipt(b, 1, 1, b.entries).Bytes(), receipt(b, 1, 1, b.entries).Bytes())
}

// evidence is a file of evidence, with nothing in it that its kind has not.
type evidence struct {
	Format  string          `json:"format"`
	Kind    string          `json:"kind"`
	First   string          `json:"first"`
	Second  string          `json:"second"`
	Root    *wire.Hex32     `json:"root,omitempty"`
	Proof   []wire.Hex32    `json:"proof,omitempty"`
	Index   *uint64         `json:"index,omitempty"`
	Entries []evidenceEntry `json:"entries,omitempty"`
}

type evidenceEntry struct {
	Leaf  wire.Hex32   `json:"leaf"`
	Proof []wire.Hex32 `json:"proof"`
}

// evidenceMessages hold against the operator of the log, or hold nothing against it.
func (m *maker) evidenceMessages() {
	p := m.good["unweighted"]
	b := m.good["boxes"]
	root := func(entries [][]byte) tlog.Hash {
		h, err := tlog.TreeHash(int64(len(entries)), storedHashes(m, entries))
		require.NoError(m, err)
		return h
	}
	head := func(closed bool, entries ...[]byte) string {
		return string(p.checkpoint(m, len(entries), root(entries), closed))
	}
	hashes := func(list []tlog.Hash) []wire.Hex32 {
		out := []wire.Hex32{}
		for _, h := range list {
			out = append(out, wire.Hex32(h))
		}
		return out
	}
	entry := func(index int64, entries ...[]byte) evidenceEntry {
		proof, err := tlog.ProveRecord(int64(len(entries)), index, storedHashes(m, entries))
		require.NoError(m, err)
		return evidenceEntry{wire.Hex32(tlog.RecordHash(entries[index])), hashes(proof)}
	}
	encode := func(e evidence) []byte {
		e.Format = "scrutin/evidence/v1"
		return mustMarshal(e)
	}
	index := func(i uint64) *uint64 { return &i }
	e0, e1, e2, e3 := p.entries[0], p.entries[1], p.entries[2], p.entries[3]
	good := func(kind string, e evidence) evidence {
		e.Kind = kind
		m.goodMessage("evidence-"+kind, "evidence", "unweighted", "It proves that the operator cheated.", encode(e))
		return e
	}
	bad := func(check, record, why string, e evidence) { m.badMessage(check, "evidence", record, why, encode(e)) }

	good("forked", evidence{First: head(false, e0, e1), Second: head(false, e1, e0)})
	bad("evidence/forked", "unweighted", "Both checkpoints have the same root.", evidence{Kind: "forked", First: head(false, e0, e1), Second: head(false, e0, e1)})
	bad("evidence/box", "boxes", "The checkpoints are of two boxes.", evidence{
		Kind: "forked", First: string(b.checkpointAt(m, 1, 1, tlog.Hash{1}, false)), Second: string(b.checkpointAt(m, 2, 1, tlog.Hash{2}, false)),
	})
	good("reopened", evidence{First: head(true, e0, e1), Second: head(false, e0, e1, e2)})
	bad("evidence/reopened", "unweighted", "The first checkpoint is not closed.", evidence{Kind: "reopened", First: head(false, e0, e1), Second: head(false, e0, e1, e2)})

	extension, err := tlog.ProveTree(4, 2, storedHashes(m, p.entries))
	require.NoError(m, err)
	began := wire.Hex32(root([][]byte{e0, e1}))
	rewritten := good("rewritten", evidence{First: head(false, e1, e0), Second: head(true, e0, e1, e2, e3), Root: &began, Proof: hashes(extension)})
	same := rewritten
	same.First = head(false, e0, e1)
	bad("evidence/rewritten", "unweighted", "The larger log begins with the smaller one.", same)
	wrong := rewritten
	wrong.Proof = slices.Clone(rewritten.Proof)
	wrong.Proof[0][0] ^= 1
	bad("evidence/extension", "unweighted", "The hashes do not lead from the root to that of the larger log.", wrong)

	dropped := good("dropped", evidence{First: head(false, e0, e1, e2), Second: head(true, e0, e1), Index: index(2), Entries: []evidenceEntry{entry(2, e0, e1, e2)}})
	open := dropped
	open.Second = head(false, e0, e1)
	bad("evidence/dropped", "unweighted", "The second checkpoint is not closed: the ballot may still come.", open)
	other := dropped
	other.Entries = []evidenceEntry{entry(1, e0, e1, e2)}
	bad("evidence/inclusion", "unweighted", "The entry is not in the first log at its number.", other)

	good("replaced", evidence{First: head(false, e0, e1), Second: head(false, e0, e2), Index: index(1), Entries: []evidenceEntry{entry(1, e0, e1), entry(1, e0, e2)}})
	bad("evidence/replaced", "unweighted", "Both logs have the same ballot at that number.", evidence{
		Kind: "replaced", First: head(false, e0, e1), Second: head(false, e0, e1, e2), Index: index(1),
		Entries: []evidenceEntry{entry(1, e0, e1), entry(1, e0, e1, e2)},
	})
}

// trusteeMessages are the endorsements and shares of the records.
func (m *maker) trusteeMessages() {
	for _, kind := range []struct{ check, kind, record, file string }{
		{"endorsements", "endorsement", "accused", EndorsementFile(4)}, {"shares", "share", "unweighted", ShareFile(3)},
	} {
		m.goodMessage(kind.kind, kind.kind, kind.record, "The file "+kind.file+" of the record.", m.good[kind.record].files[kind.file].Data)
		for _, v := range badRecords {
			file := m.out["records/bad/"+v.check+"/record/"+kind.file]
			if step(v.check) != kind.check || file == nil {
				continue
			}
			if v.backed {
				m.backedMessage(v.check, kind.kind, kind.record, v.why, file)
			} else {
				m.badMessage(v.check, kind.kind, kind.record, v.why, file)
			}
		}
	}
}
