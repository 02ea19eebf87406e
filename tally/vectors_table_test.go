//go:build scrutin_nocheck

package tally

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"math/big"
	"os"
	"slices"
	"strings"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/proof/prooftest"
)

// badRecords are the bad records, in the order of the audit.
var badRecords = []spoiled{
	{check: "manifest/election", why: "The auditor knows the id of another election.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		p.told = sha256.Sum256([]byte("another election"))
		return m.tallied(p)
	}},
	{check: "manifest/threshold", base: "empty", why: "The threshold is 1: one trustee alone opens the sums.", make: func(m *maker) *poll {
		return m.empty(options{Config: electiontest.Config{Trustees: 3, Threshold: 1}})
	}},
	{check: "manifest/canonical", backed: true, why: "The manifest is followed by a space, and the auditor knows the digest of that.", make: func(m *maker) *poll {
		return m.manifest(append(m.good["unweighted"].Manifest.Bytes(), ' '))
	}},
	{check: "manifest/member", backed: true, why: "The manifest has a member that no specification names.", make: func(m *maker) *poll {
		return m.manifest(bytes.Replace(m.good["unweighted"].Manifest.Bytes(), []byte(`"trustees":[`), []byte(`"quorum":1,"trustees":[`), 1))
	}},

	{check: "signatures/proof", why: "The response of one trustee's signature is one too large.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		signatures := slices.Clone(p.Signatures)
		plusOne(signatures[1].Bytes[64:])
		return m.signatures(p, signatures)
	}},
	{check: "signatures/quorum", why: "Two trustees signed the election, and three have to.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		return m.signatures(p, p.Signatures[:2])
	}},

	{check: "ceremony/id", base: "empty", why: "A message of the enrol round names another ceremony.", make: ceremony(func(r *run) {
		r.act[seat{RoundEnrol, 2}] = func(r *run) [][]byte {
			v := r.trustees[2].vault
			return [][]byte{newMessage(sha256.Sum256([]byte("another ceremony")), RoundEnrol, 2, r.c.now().prev, possession(r, 2), &v.x, &v.y)}
		}
	})},
	{check: "ceremony/signature", base: "empty", why: "The signature of a message of the enrol round does not hold.", make: ceremony(func(r *run) {
		r.act[seat{RoundEnrol, 2}] = func(r *run) [][]byte {
			message := r.say(2, possession(r, 2))
			plusOne(message[len(message)-32:])
			return [][]byte{message}
		}
	})},
	{check: "ceremony/possession", base: "empty", why: "A trustee does not prove that she has her enrolment key.", make: ceremony(func(r *run) {
		r.act[seat{RoundEnrol, 2}] = says(2, func(r *run) []byte {
			body := possession(r, 2)
			plusOne(body[64:])
			return body
		})
	})},
	{check: "ceremony/two-faced", base: "empty", why: "A trustee signed two different messages of the enrol round.", make: ceremony(func(r *run) {
		r.act[seat{RoundEnrol, 2}] = func(r *run) [][]byte {
			v := r.trustees[2].vault
			second := sigma.Prove(enrolTranscript(r.c.id, 2), &v.x, &v.y)
			b := second.Bytes()
			return [][]byte{r.say(2, possession(r, 2)), r.say(2, b[:])}
		}
	})},
	{check: "ceremony/commit", base: "empty", why: "A dealer dealt something else than what it had committed to.", make: ceremony(func(r *run) {
		r.act[seat{RoundCommit, 2}] = says(2, func(r *run) []byte { return bytes.Repeat([]byte{7}, 32) })
		r.act[seat{RoundDeal, 2}] = says(2, func(r *run) []byte { return r.honestDeal(2) })
	})},
	{check: "ceremony/commitments", base: "empty", why: "A deal says that it has three commitments, where the threshold is two.", make: ceremony(func(r *run) {
		r.deals(2, edit(2, put(0, []byte{3})))
	})},
	{check: "ceremony/knowledge", base: "empty", why: "A dealer does not prove that it knows the constant of its polynomial.", make: ceremony(func(r *run) {
		r.deals(2, edit(2, func(_ *run, body []byte) []byte {
			plusOne(body[proofAt(2)+64:][:32])
			return body
		}))
	})},
	{check: "ceremony/ephemeral", base: "empty", why: "A dealer does not prove that it knows the logarithm of an ephemeral.", make: ceremony(func(r *run) {
		r.deals(2, edit(2, func(_ *run, body []byte) []byte {
			plusOne(body[partAt(2, 3)+64+64:][:32])
			return body
		}))
	})},
	{check: "ceremony/complaint-proof", base: "accused", why: "A dealer was excluded for a complaint whose proof does not hold.", make: func(m *maker) *poll {
		return m.empty(options{Config: electiontest.Config{Trustees: 4, Threshold: 2}, acts: complains(true)})
	}},
	{check: "ceremony/complaint", base: "accused", why: "A dealer was excluded for a complaint about a part that is right.", make: func(m *maker) *poll {
		return m.empty(options{Config: electiontest.Config{Trustees: 4, Threshold: 2}, acts: complains(false)})
	}},
	{check: "ceremony/result", base: "empty", through: "ceremony/quorum", why: "A trustee signed another result of the ceremony.", make: ceremony(func(r *run) {
		r.act[seat{RoundSign, 2}] = says(2, func(r *run) []byte { return bytes.Repeat([]byte{7}, 32) })
	})},
	{check: "ceremony/quorum", base: "empty", why: "Two trustees signed the result of the ceremony, and three have to.", make: ceremony(func(r *run) {
		r.act[seat{RoundSign, 3}] = silence
		r.play()
		r.add(r.say(0, []byte{3}))
	})},
	{check: "ceremony/order", why: "The messages of the transcript are not in their order.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		var d ceremonyDocument
		require.NoError(m, json.Unmarshal(p.files[CeremonyFile].Data, &d))
		d.Messages[0], d.Messages[1] = d.Messages[1], d.Messages[0]
		p.put(CeremonyFile, mustMarshal(d))
		return p
	}},
	{check: "ceremony/digest", base: "empty", why: "The manifest names another ceremony.", make: drafted(func(d *ballot.Draft) {
		d.Ceremony = sha256.Sum256([]byte("another ceremony"))
	})},
	{check: "ceremony/key", base: "empty", why: "The manifest has another election key than the ceremony made.", make: drafted(func(d *ballot.Draft) {
		d.PublicKey = new(babyjub.Point).ScalarBaseMul(new(babyjub.Scalar).SetUint64(5)).Bytes()
	})},
	{check: "ceremony/threshold", base: "empty", why: "The manifest has another threshold than the ceremony.", make: drafted(func(d *ballot.Draft) {
		d.Threshold = 3
	})},
	{check: "ceremony/trustees", base: "empty", why: "The manifest gives a trustee another name than the ceremony.", make: drafted(func(d *ballot.Draft) {
		d.Trustees[1].Name = "Somebody else"
	})},

	{check: "verifying-key/digest", why: "The record has another verifying key than the manifest names, and memberships proved under it.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		m.draw("key")
		e := *p.Election
		e.Key = prooftest.NewKey(false)
		p.Election = &e
		p.put(VerifyingKeyFile, e.Key.VerifyingKey().Bytes())
		return m.tallied(m.closed(p, m.entriesOf(p)...))
	}},
	{check: "verifying-key/unknown", base: "empty", why: "The verifying key is neither compiled in nor of a provenance that the auditor accepts.", make: drafted(func(d *ballot.Draft) {
		d.Membership.Provenance = "a ceremony that nobody replayed"
	})},
	{check: "verifying-key/degenerate", base: "empty", why: "The points delta and gamma of the verifying key are the same: everything can be proved.", make: func(m *maker) *poll {
		m.draw("key")
		b := prooftest.NewKey(false).VerifyingKey().Bytes()
		const gamma, delta = 2 + 64 + 128, 2 + 64 + 2*128
		copy(b[delta:delta+128], b[gamma:delta])
		return m.keyed(b, proof.OneParty)
	}},
	{check: "verifying-key/weighted", base: "empty", why: "The verifying key is of the relation with weights, and the census has none.", make: func(m *maker) *poll {
		m.draw("key")
		return m.keyed(prooftest.NewKey(true).VerifyingKey().Bytes(), proof.OneParty)
	}},
	{check: "verifying-key/depth", base: "empty", why: "The verifying key is the public ceremony's of depth 10, and the census has depth 16.", make: func(m *maker) *poll {
		key, err := proof.SemaphoreKey(10)
		require.NoError(m, err)
		return m.keyed(key.Bytes(), proof.Semaphore)
	}},

	{check: "census/root", why: "The census is another one, of as many members.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		m.draw("census")
		var members []census.Member
		for range 4 {
			members = append(members, census.Member{Commitment: proof.NewIdentity().Commitment()})
		}
		return m.census(p, members)
	}},
	{check: "census/size", base: "weighted", why: "The manifest has the root of the census and another size.", make: weighted([]uint64{1, 1, 5}, func(d *ballot.Draft) {
		d.Census.Size--
	})},
	{check: "census/total-weight", base: "weighted", why: "The manifest has the root of the census and another total weight.", make: weighted([]uint64{1, 1, 5}, func(d *ballot.Draft) {
		d.Census.TotalWeight++
	})},
	{check: "census/depth", base: "empty", why: "The manifest has the root of the census and another depth.", make: drafted(func(d *ballot.Draft) {
		d.Census.Depth++
	})},
	{check: "census/minimum-class", base: "weighted", why: "A single voter has the weight 5, and the manifest demands two of every weight.", make: weighted([]uint64{1, 1, 5}, func(d *ballot.Draft) {
		d.Census.MinimumClass = 2
	})},
	{check: "census/weighted", base: "weighted", why: "The census has weights, and the manifest says that there are none.", make: func(m *maker) *poll {
		m.draw("key")
		key := prooftest.NewKey(false).VerifyingKey()
		p := m.poll(options{Config: electiontest.Config{Weights: []uint64{1, 1, 1}, Edit: func(d *ballot.Draft) {
			d.Census.Weighted = false
			d.Membership.VerifyingKey = key.Digest()
		}}})
		p.put(VerifyingKeyFile, key.Bytes())
		return m.tallied(m.closed(p))
	}},
	{check: "census/duplicate", base: "empty", why: "A commitment is twice in the census.", make: func(m *maker) *poll {
		m.draw("census")
		c := proof.NewIdentity().Commitment()
		members := []census.Member{{Commitment: c}, {Commitment: proof.NewIdentity().Commitment()}, {Commitment: c}}
		tree := m.tree(members)
		p := m.poll(options{Config: electiontest.Config{Edit: func(d *ballot.Draft) { d.Census = ballot.CensusOf(tree) }}})
		return m.tallied(m.closed(m.census(p, members)))
	}},
	{check: "census/head", why: "census.json states another root than its members have.", make: altered(CensusDir+"/census.json", func(b []byte) []byte {
		at := bytes.Index(b, []byte(`","size"`)) - 1
		b[at] = '0' + (b[at]-'0'+1)%10
		return b
	})},
	{check: "census/tile", base: "empty", why: "A tile of the census above the members is not made of hashes of those below.", make: func(m *maker) *poll {
		p := m.empty(options{Config: electiontest.Config{Voters: 257}})
		p.alter(CensusDir+"/tile/1/000", flip(63))
		return p
	}},
	{check: "census/extra", why: "The directory of the census has one file more.", make: added(CensusDir+"/more", "more")},

	{check: "checkpoint/signature", backed: true, why: "The operator's signature does not hold.", make: altered(LogDir+"/checkpoint", func(b []byte) []byte {
		return bytes.Replace(b, []byte("\n4\n"), []byte("\n3\n"), 1)
	})},
	{check: "checkpoint/canonical", why: "The signature's base64 has another spelling.", make: altered(LogDir+"/checkpoint", func(b []byte) []byte {
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
		at := bytes.LastIndexByte(b, '=') - 1
		b[at] = alphabet[strings.IndexByte(alphabet, b[at])^1] // of the last character only the first four bits count
		return b
	})},
	{check: "checkpoint/origin", why: "The operator signed the log for another election.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		p.alter(LogDir+"/checkpoint", func(b []byte) []byte {
			_, rest, _ := strings.Cut(string(b), "\n")
			text, _, _ := strings.Cut(rest, "\n\n")
			return signed(m, electiontest.Origin+"/another-election\n"+text+"\n", p.LogKey)
		})
		return m.tallied(p)
	}},
	{check: "checkpoint/sealed", why: "The log is not sealed: ballots may still be added.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		p.loggedAt(m, 1, false, p.entries...)
		return m.tallied(p)
	}},
	{check: "checkpoint/boxes", base: "boxes", backed: true, also: []string{"log", "ballot"}, why: "Two of three boxes are not sealed, and two receipts make a ballot cast.", make: func(m *maker) *poll {
		p := m.copy("boxes")
		p.loggedAt(m, 1, false, p.entries...)
		p.loggedAt(m, 2, false, p.entries...)
		return p
	}},

	{check: "log/root", why: "The checkpoint has another root than the entries.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		p.put(LogDir+"/checkpoint", p.checkpoint(m, len(p.entries), tlog.Hash{1}, true))
		return m.tallied(p)
	}},
	{check: "log/tile", why: "A tile of hashes is not that of the entries.", make: altered(LogDir+"/tile/0/000.p/4", flip(40))},
	{check: "log/trailing", why: "A byte follows the last entry.", make: altered(LogDir+"/tile/entries/000.p/4", func(b []byte) []byte { return append(b, 0) })},
	{check: "log/superseded", why: "An earlier partial tile is not the start of the later one.", make: added(LogDir+"/tile/0/000.p/2", strings.Repeat("x", 64))},
	{check: "log/beyond", why: "A closed log has a file of entries beyond its end.", make: added(LogDir+"/tile/entries/000.p/5", "more")},
	{check: "log/name", why: "A file below tile/ has no name of a tile.", make: added(LogDir+"/tile/0/0000.p/1", "more")},

	{check: "ballot/election", why: "A ballot names another election, and is right in all else.", make: lying(func(m *maker, p *poll) ballot.Lie {
		other := ballot.ElectionID(sha256.Sum256([]byte("another election")))
		return ballot.Lie{Election: &other}
	})},
	{check: "ballot/size", backed: true, why: "A byte follows a ballot.", make: edited(func(b []byte) []byte { return append(b, 0) })},
	{check: "ballot/nullifier", backed: true, why: "A nullifier has the field's order added, so that it would be a second pseudonym of the voter.", make: edited(func(b []byte) []byte {
		n := new(big.Int).SetBytes(b[33:65])
		n.Add(n, fr.Modulus()).FillBytes(b[33:65])
		return b
	})},
	{check: "ballot/weight", backed: true, why: "A ballot claims the weight 1 in an election without weights.", make: edited(func(b []byte) []byte {
		b[1+32+32+64+7] = 1
		return b
	})},
	{check: "ballot/key-order", why: "A ballot key is of order 2: anybody can sign for it.", make: lying(func(m *maker, p *poll) ballot.Lie {
		return ballot.Lie{Key: &babyjubtest.Torsion()[4], Prove: p.Key.Forge}
	})},
	{check: "ballot/membership", why: "A membership proof is of another ballot key.", make: lying(func(m *maker, p *poll) ballot.Lie {
		return ballot.Lie{Prove: func(c *proof.Claim) error {
			other := *c
			other.Message[0] ^= 1
			err := p.Key.Forge(&other)
			c.Membership.Proof = other.Membership.Proof
			return err
		}}
	})},
	{check: "ballot/signature", why: "The response of a ballot's signature is one too large.", make: lying(func(*maker, *poll) ballot.Lie {
		return ballot.Lie{Signature: true}
	})},
	{check: "ballot/argument-commitment", why: "Equation (i): the response z_rho is one too large.", make: lying(func(*maker, *poll) ballot.Lie {
		return ballot.Lie{Commitment: true}
	})},
	{check: "ballot/argument-randomness", why: "Equation (ii): the point T_A is not the prover's.", make: lying(func(*maker, *poll) ballot.Lie {
		return ballot.Lie{Randomness: true}
	})},
	{check: "ballot/argument-plaintexts", why: "Equation (iii): the ciphertexts encrypt no, and the proof is about yes.", make: lying(func(*maker, *poll) ballot.Lie {
		return ballot.Lie{Bits: []int64{1, 0, 0}, Encrypt: []int64{0, 1, 0}}
	})},
	{check: "ballot/argument-bits", why: "Equation (iv): a ballot has two votes for yes and minus one for no.", make: lying(func(*maker, *poll) ballot.Lie {
		return ballot.Lie{Bits: []int64{2, -1, 0}}
	})},
	{check: "ballot/argument-constraints", why: "Equation (v): a ballot says both yes and no, another one nothing.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		both, none := m.lie(p, 0, 0, ballot.Lie{Bits: []int64{1, 1, 0}}), m.lie(p, 1, 0, ballot.Lie{Bits: []int64{0, 0, 0}})
		return m.tallied(m.closed(p, both, none, p.entries[2]))
	}},
	{check: "ballot/sequence", why: "A voter's first ballot stands in the log once more, after the one that replaced it.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		return m.tallied(m.closed(p, append(slices.Clone(p.entries), p.entries[0])...))
	}},
	{check: "ballot/limit", why: "A voter votes a third time, where the manifest allows two ballots.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		return m.tallied(m.closed(p, append(slices.Clone(p.entries), m.lie(p, 0, 2, ballot.Lie{}))...))
	}},
	{check: "ballot/pin", why: "A voter's second ballot has another ballot key.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		second := m.lie(p, 0, 1, ballot.Lie{Secret: new(babyjub.Scalar).SetUint64(12345), Prove: p.Key.Forge})
		return m.tallied(m.closed(p, p.entries[0], p.entries[1], p.entries[2], second))
	}},
	{check: "ballot/boxes", base: "boxes", why: "Two of three boxes logged a ballot that does not verify, and two receipts make a ballot cast.", make: func(m *maker) *poll {
		p := m.copy("boxes")
		bad := m.lie(p, 3, 0, ballot.Lie{Signature: true})
		with := append(slices.Clone(p.entries), bad)
		m.boxes(p, [][][]byte{with, with, p.entries})
		return m.tallied(p)
	}},

	{check: "turnout/class", why: "Five ballots with valid proofs of membership, of four voters.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		fourth := m.lie(p, 3, 0, ballot.Lie{})
		fifth := m.lie(p, 3, 0, ballot.Lie{Prove: p.Key.Forge, Head: func(c *proof.Claim) { c.Membership.Nullifier[31] ^= 1 }})
		return m.tallied(m.closed(p, append(slices.Clone(p.entries), fourth, fifth)...))
	}},

	{check: "endorsements/trustee", base: "accused", why: "The file of one trustee's endorsement holds another's, who would count twice.", make: func(m *maker) *poll {
		p := m.copy("accused")
		p.files[EndorsementFile(4)] = p.files[EndorsementFile(1)]
		return p
	}},
	{check: "endorsements/subject", base: "accused", why: "A trustee endorsed other sums.", make: func(m *maker) *poll {
		p := m.copy("accused")
		v := p.run.trustees[4].vault
		e := &Endorsement{Subject: m.audit(p).subject, Trustee: 4}
		e.Aggregate[0] ^= 1
		m.draw("endorsement")
		e.signature = sigma.Prove(e.transcript("endorsement", 4), &v.x, &v.y)
		p.put(EndorsementFile(4), e.Bytes())
		return p
	}},
	{check: "endorsements/signature", base: "accused", why: "The response of an endorsement's signature is one too large.", make: func(m *maker) *poll {
		p := m.copy("accused")
		e, err := ParseEndorsement(p.files[EndorsementFile(4)].Data)
		require.NoError(m, err)
		e.signature.Z.Add(&e.signature.Z, new(babyjub.Scalar).SetUint64(1))
		p.put(EndorsementFile(4), e.Bytes())
		return p
	}},

	{check: "shares/trustee", why: "The file of one trustee's share holds another's, who would count twice.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		p.files[ShareFile(3)] = p.files[ShareFile(1)]
		return p
	}},
	{check: "shares/subject", why: "A share is of other sums.", make: func(m *maker) *poll {
		return m.share(func(s *Share) { s.Aggregate[0] ^= 1 }, func([]babyjub.Point) {})
	}},
	{check: "shares/subgroup", why: "A point of a share has a component of order 2, which the proof cannot see.", make: func(m *maker) *poll {
		return m.share(func(*Share) {}, func(d []babyjub.Point) { d[0].Add(&d[0], &babyjubtest.Torsion()[4]) })
	}},
	{check: "shares/identity", backed: true, why: "A point of a share is the identity.", make: func(m *maker) *poll {
		return m.share(func(*Share) {}, func(d []babyjub.Point) { d[0].SetIdentity() })
	}},
	{check: "shares/proof", why: "A point of a share is not the sum times the trustee's key.", make: func(m *maker) *poll {
		return m.share(func(*Share) {}, func(d []babyjub.Point) { d[0].Add(&d[0], babyjub.NewGenerator()) })
	}},
	{check: "shares/quorum", why: "There are shares, and one endorsement where three are needed first.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		delete(p.files, EndorsementFile(2))
		delete(p.files, EndorsementFile(3))
		delete(p.files, ResultFile)
		return p
	}},

	{check: "result/counts", why: "The result has a vote more for an option than the shares open to.", make: altered(ResultFile, func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"total":2`), []byte(`"total":3`), 1)
	})},
	{check: "result/unproven", backed: true, why: "There is a result, and one of the two shares that prove it.", make: func(m *maker) *poll {
		p := m.copy("unweighted")
		delete(p.files, ShareFile(2))
		delete(p.files, ShareFile(3))
		return p
	}},
	{check: "texts/digest", why: "The text is not the one that was voted on.", make: altered(TextFile("treaty"), func([]byte) []byte { return []byte("Article 2.") })},
	{check: "texts/extra", why: "There is a text of no question.", make: added(TextsDir+"/more", "more")},
	{check: "files/extra", why: "The record has a file that nobody reads.", make: added("notes.txt", "notes")},
}

// manifest is the unweighted record under a manifest of these bytes, whose digest the auditor knows.
func (m *maker) manifest(raw []byte) *poll {
	p := m.copy("unweighted")
	p.put(ManifestFile, raw)
	p.told = sha256.Sum256(raw)
	return p
}

func (m *maker) signatures(p *poll, signatures []ballot.Signature) *poll {
	b, err := ballot.MarshalSignatures(signatures)
	require.NoError(m, err)
	p.put(SignaturesFile, b)
	return p
}

// ceremony is an empty election whose trustees act so in the ceremony.
func ceremony(acts func(*run)) func(*maker) *poll {
	return func(m *maker) *poll { return m.empty(options{acts: acts}) }
}

// possession is the honest body of an enrol message.
func possession(r *run, j int) []byte {
	v := r.trustees[j].vault
	p := sigma.ProveDeterministic(enrolTranscript(r.c.id, j), &v.x, &v.y)
	b := p.Bytes()
	return b[:]
}

// complains has trustee 4 complain about the good deal of trustee 2.
func complains(unproved bool) func(*run) {
	return func(r *run) {
		r.act[seat{RoundVerdict, 4}] = says(4, func(r *run) []byte {
			v := r.trustees[4].vault
			c := encodeComplaint(r.c.id, 2, 4, &v.x, &v.y, &r.c.now().deals[2].parts[3].ephemeral)
			if unproved {
				wrong := babyjub.NewGenerator().Bytes()
				copy(c, wrong[:])
			}
			return slices.Concat([]byte{verdictAccept, verdictComplaint}, c, []byte{verdictAccept, verdictAccept})
		})
	}
}

// drafted is an empty election with another draft.
func drafted(change func(*ballot.Draft)) func(*maker) *poll {
	return func(m *maker) *poll { return m.empty(options{Config: electiontest.Config{Edit: change}}) }
}

func weighted(weights []uint64, change func(*ballot.Draft)) func(*maker) *poll {
	return func(m *maker) *poll {
		return m.empty(options{Config: electiontest.Config{Weights: weights, Edit: change}})
	}
}

// keyed is an empty election with this verifying key.
func (m *maker) keyed(key []byte, provenance string) *poll {
	p := m.poll(options{Config: electiontest.Config{Edit: func(d *ballot.Draft) {
		d.Membership.VerifyingKey, d.Membership.Provenance = sha256.Sum256(key), provenance
	}}})
	p.put(VerifyingKeyFile, key)
	return m.tallied(m.closed(p))
}

func (m *maker) tree(members []census.Member) *census.Tree {
	tree, err := census.Build(context.Background(), 16, func(yield func(census.Member, error) bool) {
		for _, member := range members {
			if !yield(member, nil) {
				return
			}
		}
	})
	require.NoError(m, err)
	return tree
}

// census puts another census into the record.
func (m *maker) census(p *poll, members []census.Member) *poll {
	for name := range p.files {
		if strings.HasPrefix(name, CensusDir+"/") {
			delete(p.files, name)
		}
	}
	dir := m.TempDir()
	require.NoError(m, m.tree(members).Export(dir))
	for name, f := range load(m, os.DirFS(dir)) {
		p.files[CensusDir+"/"+name] = f
	}
	return p
}

// altered is the unweighted record with another content of a file.
func altered(name string, change func([]byte) []byte) func(*maker) *poll {
	return func(m *maker) *poll {
		p := m.copy("unweighted")
		p.alter(name, change)
		return p
	}
}

// added is the unweighted record with a file more.
func added(name, content string) func(*maker) *poll {
	return func(m *maker) *poll {
		p := m.copy("unweighted")
		p.put(name, []byte(content))
		return p
	}
}

// lying is the unweighted record, where the first voter's only ballot has a lie in it.
func lying(lie func(*maker, *poll) ballot.Lie) func(*maker) *poll {
	return func(m *maker) *poll {
		p := m.copy("unweighted")
		bad := m.lie(p, 0, 0, lie(m, p))
		m.draw("more")
		return m.tallied(m.closed(p, bad, p.entries[1], p.entries[2], m.cast(p, 3, 0, "no")))
	}
}

// edited is the unweighted record, where the first voter's only ballot has other bytes.
func edited(change func([]byte) []byte) func(*maker) *poll {
	return func(m *maker) *poll {
		p := m.copy("unweighted")
		return m.closed(p, change(bytes.Clone(p.entries[0])), p.entries[1], p.entries[2])
	}
}

// share is the unweighted record, where trustee 3 made her share of changed points for a changed subject. The
// sums are opened with the shares of trustees 1 and 2.
func (m *maker) share(change func(*Share), tamper func([]babyjub.Point)) *poll {
	p := m.copy("unweighted")
	r := m.audit(p)
	s := &Share{Subject: r.subject, Trustee: 3}
	change(s)
	y, err := r.verificationKey(3)
	require.NoError(m, err)
	m.draw("share")
	s.opening = *elgamal.ForgeShare(s.transcript("share", 3), p.run.share(3), y, r.sums, tamper)
	p.put(ShareFile(3), s.Bytes())
	return p
}

// plusOne adds 1 to a scalar.
func plusOne(b []byte) {
	var s babyjub.Scalar
	if err := s.SetBytes(b); err != nil {
		panic(err)
	}
	s.Add(&s, new(babyjub.Scalar).SetUint64(1))
	out := s.Bytes()
	copy(b, out[:])
}
