package tally

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
)

// statements are the statements of all proofs and signatures that trustees make, each with one
// part after another changed. The key, the other part of each, is sigma's to bind.
func statements() map[string]map[string]*transcript.Transcript {
	id, other := [32]byte{1}, [32]byte{2}
	key, another := babyjub.NewGenerator(), new(babyjub.Point).Double(babyjub.NewGenerator())
	subject := Subject{ballot.ElectionID{3}, [32]byte{4}, [32]byte{5}}
	about := func(change func(s *Subject)) Subject {
		s := subject
		change(&s)
		return s
	}
	list := map[string]map[string]*transcript.Transcript{
		"enrolment": {
			"":         enrolTranscript(id, 1),
			"ceremony": enrolTranscript(other, 1),
			"trustee":  enrolTranscript(id, 2),
		},
		"deal": {
			"":            dealTranscript(id, 1, []byte("commitments")),
			"ceremony":    dealTranscript(other, 1, []byte("commitments")),
			"dealer":      dealTranscript(id, 2, []byte("commitments")),
			"commitments": dealTranscript(id, 1, []byte("commitment")),
		},
		"ephemeral": {
			"":          ephemeralTranscript(id, 1, 2, key),
			"ceremony":  ephemeralTranscript(other, 1, 2, key),
			"dealer":    ephemeralTranscript(id, 3, 2, key),
			"recipient": ephemeralTranscript(id, 1, 3, key),
			"exchanged": ephemeralTranscript(id, 2, 1, key),
			"key":       ephemeralTranscript(id, 1, 2, another),
		},
		"complaint": {
			"":          complaintTranscript(id, 1, 2),
			"ceremony":  complaintTranscript(other, 1, 2),
			"dealer":    complaintTranscript(id, 3, 2),
			"accuser":   complaintTranscript(id, 1, 3),
			"exchanged": complaintTranscript(id, 2, 1),
		},
	}
	for _, protocol := range []string{"endorsement", "share"} {
		list[protocol] = map[string]*transcript.Transcript{
			"":           subject.transcript(protocol, 1),
			"election":   about(func(s *Subject) { s.Election[31]++ }).transcript(protocol, 1),
			"checkpoint": about(func(s *Subject) { s.Checkpoint[31]++ }).transcript(protocol, 1),
			"aggregate":  about(func(s *Subject) { s.Aggregate[31]++ }).transcript(protocol, 1),
			"trustee":    subject.transcript(protocol, 2),
		}
	}
	return list
}

// A proof or signature holds for the statement it was made for: for no other of its kind, and for none of
// another kind.
func TestAttack01EveryPartOfEveryStatementOfTrustees(t *testing.T) {
	x := small(12345)
	y := new(babyjub.Point).ScalarBaseMul(x)
	base := new(babyjub.Point).ScalarBaseMul(small(77))
	d := new(babyjub.Point).ScalarMul(x, base)
	list := statements()
	require.Len(t, list, 6)
	for kind, variants := range list {
		require.Contains(t, variants, "")
		proof := sigma.Prove(variants[""].Clone(), x, y)
		equality := sigma.ProveEqual(variants[""].Clone(), x, base, y, d)
		require.NoError(t, proof.Verify(variants[""].Clone(), y))
		require.NoError(t, equality.Verify(variants[""].Clone(), base, y, d))
		for part, changed := range variants {
			if part == "" {
				continue
			}
			require.ErrorIs(t, proof.Verify(changed.Clone(), y), sigma.ErrInvalid, "%s: %s", kind, part)
			require.ErrorIs(t, equality.Verify(changed.Clone(), base, y, d), sigma.ErrInvalid, "%s: %s", kind, part)
		}
		for elsewhere, variants := range list {
			if elsewhere != kind {
				require.ErrorIs(t, proof.Verify(variants[""].Clone(), y), sigma.ErrInvalid, "%s as %s", kind, elsewhere)
			}
		}
	}

	// What the sums' digest stands for: the election, the checkpoint, what was counted, every sum in its place.
	p := base0(t)
	digest := func(change func(r *Report)) [32]byte {
		r := *p
		r.sums = slices.Clone(r.sums)
		change(&r)
		return aggregateDigest(r.Election, r.subject.Checkpoint, r.Counted, r.CountedWeight, r.sums)
	}
	honest := digest(func(*Report) {})
	require.Equal(t, p.subject.Aggregate, honest)
	for part, change := range map[string]func(r *Report){
		"election":   func(r *Report) { r.Election[0]++ },
		"checkpoint": func(r *Report) { r.subject.Checkpoint[0]++ },
		"ballots":    func(r *Report) { r.Counted++ },
		"weight":     func(r *Report) { r.CountedWeight++ },
		"A":          func(r *Report) { r.sums[0].A.Add(&r.sums[0].A, y) },
		"B":          func(r *Report) { r.sums[1].B.Add(&r.sums[1].B, y) },
		"one less":   func(r *Report) { r.sums = r.sums[1:] },
		"exchanged":  func(r *Report) { r.sums[0], r.sums[1] = r.sums[1], r.sums[0] },
	} {
		require.NotEqual(t, honest, digest(change), part)
	}
}

// base0 is an audited report of the record base.
func base0(t *testing.T) *Report {
	t.Helper()
	r := base().audit(t)
	require.NoError(t, r.Err())
	return r
}

// A signed message is one about all its bytes: no byte before the signature can be another.
func TestAttack01EveryByteOfAMessageIsSigned(t *testing.T) {
	r := newFilelessRun(t, 3, 2)
	r.play()
	for _, raw := range r.sent {
		signed := raw[:len(raw)-sigma.ProofSize]
		var s sigma.Proof
		require.NoError(t, s.SetBytes(raw[len(signed):]))
		y := &r.vault(int(raw[34])).y
		require.NoError(t, s.Verify(messageTranscript(signed), y))
		for at := 0; at < len(signed); at += 1 + at/64 {
			changed := bytes.Clone(signed)
			changed[at] ^= 1
			require.ErrorIs(t, s.Verify(messageTranscript(changed), y), sigma.ErrInvalid, "byte %d", at)
		}
	}
}

// A forger picks R, z and the challenge, and solves for the dealer's C_0 or the ephemeral: the challenge that
// the statement found gives is another.
func TestAttack01DealSolvedForItsStatementIsRefused(t *testing.T) {
	r := newFilelessRun(t, 3, 2)
	body := r.honestDeal(2)
	check := func(body []byte) error {
		_, err := parseDeal(r.c.id, &r.c.roster, r.c.keys, 2, body)
		return err
	}
	require.NoError(t, check(body))
	for name, c := range map[string]struct{ point, proof int }{
		"C_0":       {commitmentsAt, proofAt(2)},
		"ephemeral": {partAt(2, 3), partAt(2, 3) + 64},
	} {
		var p sigma.Proof
		require.NoError(t, p.SetBytes(body[c.proof:][:sigma.ProofSize]))
		var y babyjub.Point
		require.NoError(t, y.SetBytes(body[c.point:][:64]))
		// With the honest challenge c: y' = y + D and R' = R - c D keep z G = R + c y.
		tr := ephemeralTranscript(r.c.id, 2, 3, &r.c.keys[3])
		if name == "C_0" {
			tr = dealTranscript(r.c.id, 2, body[commitmentsAt:proofAt(2)])
		}
		challenge := p.Challenge(tr, &y)
		shift := new(babyjub.Point).ScalarBaseMul(small(99))
		y.Add(&y, shift)
		p.R.Sub(&p.R, new(babyjub.Point).ScalarMul(&challenge, shift))
		left := new(babyjub.Point).ScalarBaseMul(&p.Z)
		right := new(babyjub.Point).ScalarMul(&challenge, &y)
		require.True(t, left.Equal(right.Add(right, &p.R)), "the equation holds under the old challenge")

		forged := bytes.Clone(body)
		point, proof := y.Bytes(), p.Bytes()
		copy(forged[c.point:], point[:])
		copy(forged[c.proof:], proof[:])
		require.ErrorIs(t, check(forged), sigma.ErrInvalid, name)
	}
}

// Every bit of every public proof of a ceremony: of possession, of knowledge of C_0 and of the ephemerals, and of
// a complaint. (Of the signatures and shares: TestAttack01EveryByteOfAMessageIsSigned, elgamal.)
func TestAttack03EveryByteOfEveryProofOfACeremony(t *testing.T) {
	r := newFilelessRun(t, 3, 2)
	r.playUntil(RoundVerdict)
	enrolled := r.c.slots[RoundEnrol][1].first.body
	deal := r.honestDeal(2)
	v := r.trustees[3].vault
	d := r.c.now().deals[2]
	complaint := encodeComplaint(r.c.id, 2, 3, &v.x, &v.y, &d.parts[2].ephemeral)

	refused := func(name string, good []byte, from, to int, check func([]byte) error) {
		for at := from; at < to; at++ {
			for _, bit := range []byte{1, 128} {
				bad := bytes.Clone(good)
				bad[at] ^= bit
				require.Error(t, check(bad), "%s: byte %d", name, at)
			}
		}
	}
	possession := func(b []byte) error { return verifyProof(enrolTranscript(r.c.id, 1), b, &r.c.keys[1]) }
	require.NoError(t, possession(enrolled))
	refused("possession", enrolled, 0, len(enrolled), possession)

	dealt := func(b []byte) error { _, err := parseDeal(r.c.id, &r.c.roster, r.c.keys, 2, b); return err }
	require.NoError(t, dealt(deal))
	refused("commitments and their proof", deal, commitmentsAt, partAt(2, 1), dealt)
	for i := 1; i <= 3; i++ {
		refused(fmt.Sprintf("ephemeral %d", i), deal, partAt(2, i), partAt(2, i)+64+sigma.ProofSize, dealt)
	}

	about := func(b []byte) error {
		c, err := parseComplaint(b)
		if err != nil {
			return err
		}
		return c.proof.Verify(complaintTranscript(r.c.id, 2, 3), &d.parts[2].ephemeral, &r.c.keys[3], &c.shared)
	}
	require.NoError(t, about(complaint))
	refused("complaint", complaint, 0, len(complaint), about)
}

// Every field of the documents that trustees add to a record, and of the proofs in them.
func TestAttack03EveryFieldOfWhatTrusteesSign(t *testing.T) {
	p := base()
	r := base0(t)
	endorsement, err := ParseEndorsement(p.files[EndorsementFile(1)].Data)
	require.NoError(t, err)
	require.NoError(t, r.verifyEndorsement(endorsement))
	encoded := endorsement.signature.Bytes()
	for at := range encoded {
		bad := encoded
		bad[at] ^= 1
		e := *endorsement
		if e.signature.SetBytes(bad[:]) == nil {
			require.ErrorIs(t, r.verifyEndorsement(&e), ErrInvalid, "endorsement, byte %d", at)
		}
	}
	for name, change := range map[string]func(e *Endorsement){
		"election":   func(e *Endorsement) { e.Election[0] ^= 1 },
		"checkpoint": func(e *Endorsement) { e.Checkpoint[0] ^= 1 },
		"aggregate":  func(e *Endorsement) { e.Aggregate[0] ^= 1 },
		"trustee":    func(e *Endorsement) { e.Trustee = 2 },
		"no trustee": func(e *Endorsement) { e.Trustee = 0 },
	} {
		e := *endorsement
		change(&e)
		require.Error(t, r.verifyEndorsement(&e), name)
	}

	for i, s := range p.Signatures {
		for at := range s.Bytes {
			bad := slices.Clone(p.Signatures)
			bad[i].Bytes[at] ^= 1
			require.Error(t, p.Manifest.CheckSignatures(bad), "signature %d, byte %d", i, at)
		}
		bad := slices.Clone(p.Signatures)
		bad[i].Trustee = 1 + (s.Trustee)%len(bad)
		require.ErrorIs(t, p.Manifest.CheckSignatures(bad), ballot.ErrInvalid)
	}
}
