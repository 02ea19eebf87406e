package tally

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
)

// Whatever the order, the repeats and the timing: one set of messages, one ceremony.
func TestAnyOrderGivesTheSameCeremony(t *testing.T) {
	r := newFilelessRun(t, 5, 3)
	r.play()
	require.Len(t, r.sent, 25)
	want, transcript, digest := r.c.Status(), r.c.Transcript(), r.digest()
	for seed := range uint64(20) {
		c := r.replica(shuffled(r.sent, seed))
		require.Equal(t, want, c.Status())
		require.Equal(t, transcript, c.Transcript())
		d, err := c.Digest()
		require.NoError(t, err)
		require.Equal(t, digest, d)
	}
	// Looking at the state on the way does not change it.
	c, err := NewCeremony(r.c.Roster())
	require.NoError(t, err)
	last := RoundEnrol
	for _, m := range shuffled(r.sent, 99) {
		require.NoError(t, c.Add(m))
		require.GreaterOrEqual(t, c.Status().Round, last)
		last = c.Status().Round
	}
	require.Equal(t, want, c.Status())
	require.Equal(t, transcript, c.Transcript())
}

func TestAllPermutationsOfASmallCeremony(t *testing.T) {
	r := newFilelessRun(t, 2, 2)
	r.play()
	require.Len(t, r.sent, 10)
	want := r.c.Transcript()
	// Every order of the six messages of three rounds, for each three rounds; the others first or last.
	for round := range 3 {
		six, rest := r.sent[2*round:2*round+6], slices.Concat(r.sent[:2*round], r.sent[2*round+6:])
		for order := range permutations(6) {
			messages := slices.Clone(rest)
			if order[0] > 2 {
				messages = nil
			}
			for _, i := range order {
				messages = append(messages, six[i])
			}
			if order[0] > 2 {
				messages = append(messages, rest...)
			}
			if order[5] == 5 && order[4] == 4 {
				messages = append(messages, messages...)
			}
			c, err := NewCeremony(r.c.Roster())
			require.NoError(t, err)
			for _, raw := range messages {
				c.put(r.c.find(raw)) // as Add, the signature being verified once
			}
			require.Equal(t, r.c.now().key.digest, c.now().key.digest)
			require.Equal(t, string(want), string(c.Transcript()))
		}
	}
}

// put stores a verified message.
func (c *Ceremony) put(m *message) {
	if c.slots[m.round][m.author].add(m) {
		c.state = nil
	}
}

func (c *Ceremony) find(raw []byte) *message {
	for _, slots := range c.slots {
		for _, s := range slots {
			for _, m := range []*message{s.first, s.second} {
				if m != nil && bytes.Equal(m.raw, raw) {
					return m
				}
			}
		}
	}
	panic("no such message")
}

// permutations yields all orders of n things (Heap).
func permutations(n int) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		a := make([]int, n)
		for i := range a {
			a[i] = i
		}
		var rec func(k int) bool
		rec = func(k int) bool {
			if k == 1 {
				return yield(a)
			}
			for i := range k {
				if !rec(k - 1) {
					return false
				}
				if k%2 == 0 {
					a[i], a[k-1] = a[k-1], a[i]
				} else {
					a[0], a[k-1] = a[k-1], a[0]
				}
			}
			return true
		}
		rec(n)
	}
}

func TestOrganiserClosesARoundWithoutTheSilent(t *testing.T) {
	for _, round := range []Round{RoundEnrol, RoundCommit} {
		t.Run(round.String(), func(t *testing.T) {
			r := newRun(t, 5, 3)
			r.act[seat{round, 2}] = silence
			r.play()
			require.Equal(t, round, r.c.Status().Round)
			require.Equal(t, []int{2}, r.c.Status().Awaited)
			_, err := r.c.Digest()
			require.ErrorIs(t, err, ErrIncomplete)
			require.ErrorContains(t, err, fmt.Sprintf("in the %v round, trustee 2 awaited", round))
			late := lateMessage(r, round, 2)
			r.close()
			require.Equal(t, "stayed silent until the organiser closed the round", r.survives(2).Reason)

			// She comes late: noted, and nothing changes.
			digest := r.digest()
			r.add(late)
			require.Equal(t, digest, r.digest())
			require.Equal(t, []Finding{{2, round, "the organiser closed the round without it"}}, r.c.Status().Ignored)
			none, err := r.trustees[2].Next(r.c)
			require.NoError(t, err)
			require.Empty(t, none)
			r.requireOrderless()
		})
	}
	t.Run("deal", func(t *testing.T) {
		r := newRun(t, 5, 3)
		r.act[seat{RoundDeal, 2}] = silence
		r.play()
		r.close()
		st := r.c.Status()
		require.Equal(t, "withheld after the commit round: the deal of trustee 2: restart without it", st.Void)
		require.Equal(t, RoundDeal, st.Round)
		require.Empty(t, st.Awaited)
		for j := 1; j <= 5; j++ {
			_, err := r.trustees[j].Next(r.c)
			require.ErrorIs(t, err, ErrVoid)
		}
		_, err := r.organiser.Close(r.c)
		require.ErrorIs(t, err, ErrVoid)
		_, err = r.c.PublicKey()
		require.ErrorIs(t, err, ErrVoid)
		_, err = r.c.VerificationKeys()
		require.ErrorIs(t, err, ErrVoid)
		r.requireOrderless()
	})
	t.Run("verdict", func(t *testing.T) {
		r := newRun(t, 5, 3)
		r.act[seat{RoundVerdict, 2}] = silence
		r.play()
		r.close()
		r.play()
		st := r.c.Status()
		require.True(t, st.Done)
		require.Empty(t, st.Disqualified)
		require.Len(t, r.c.now().key.qualified, 5, "she waived her complaints and nothing else")
		require.Equal(t, []int{1, 2, 3, 4, 5}, st.Signed)
		r.requireOrderless()
	})
	t.Run("sign", func(t *testing.T) {
		r := newRun(t, 5, 3)
		r.playUntil(RoundSign)
		r.act[seat{RoundSign, 2}] = silence
		r.play()
		require.False(t, r.c.Status().Done)
		r.close()
		st := r.c.Status()
		require.True(t, st.Done)
		require.Equal(t, []int{1, 3, 4, 5}, st.Signed)
		require.Empty(t, st.Disqualified)
		digest := r.digest()
		r.add(lateMessage(r, RoundSign, 2))
		require.Equal(t, digest, r.digest())
		r.requireOrderless()
		_, err := r.organiser.Close(r.c)
		require.ErrorIs(t, err, ErrRefused)
	})
}

// lateMessage is what j would have sent in the round.
func lateMessage(r *run, round Round, j int) []byte {
	r.t.Helper()
	c, err := NewCeremony(r.c.Roster())
	require.NoError(r.t, err)
	for _, raw := range r.sent {
		m, err := c.parseMessage(raw)
		require.NoError(r.t, err)
		if m.round < round {
			require.NoError(r.t, c.Add(raw))
		}
	}
	return r.message(c, j)
}

func TestOrganiserDoesNotEndARunByMistake(t *testing.T) {
	r := newRun(t, 5, 3)
	for _, round := range []Round{RoundEnrol, RoundCommit} {
		r.act[seat{round, 2}], r.act[seat{round, 3}] = silence, silence
		r.play()
		_, err := r.organiser.Close(r.c)
		require.ErrorIs(t, err, ErrRefused)
		require.ErrorContains(t, err, "without trustee 2, 3 only 3 would be left")
		clear(r.act)
		r.playUntil(round + 1)
	}
	r.playUntil(RoundSign)
	r.act[seat{RoundSign, 2}] = silence
	r.act[seat{RoundSign, 3}] = says(3, func(*run) []byte { return make([]byte, 32) })
	r.play()
	_, err := r.organiser.Close(r.c)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "only 3 would be left")

	stranger := newRun(t, 2, 2)
	_, err = stranger.organiser.Close(r.c)
	require.ErrorIs(t, err, ErrForeign)
	stranger.play()
	_, err = stranger.organiser.Close(stranger.c)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "is complete")
}

func TestOrganiserClosesARoundOnce(t *testing.T) {
	r := newRun(t, 7, 3)
	r.act[seat{RoundEnrol, 2}], r.act[seat{RoundEnrol, 3}] = silence, silence
	r.play()
	first, err := r.organiser.Close(r.c)
	require.NoError(t, err)
	again, err := r.organiser.Close(r.c)
	require.NoError(t, err)
	require.Equal(t, first, again)
	// Trustee 3 arrives before the closing is sent: it still names her.
	r.add(lateMessage(r, RoundEnrol, 3))
	again, err = r.organiser.Close(r.c)
	require.NoError(t, err)
	require.Equal(t, first, again)
	r.add(again)
	require.Equal(t, RoundCommit, r.c.Status().Round)
	require.Len(t, r.c.Status().Disqualified, 2)

	// Nothing is handed out that the journal does not hold.
	journal, err := os.ReadFile(r.organiser.vault.journalPath())
	require.NoError(t, err)
	require.NoError(t, os.Remove(r.organiser.vault.journalPath()))
	view := r.replica(r.sent[:5])
	none, err := r.organiser.Close(view)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Nil(t, none)
	require.NoError(t, os.WriteFile(r.organiser.vault.journalPath(), bytes.Replace(journal, []byte(hex.EncodeToString(first)), []byte("00"), 1), 0o600))
	none, err = r.organiser.Close(view)
	require.ErrorIs(t, err, ErrMalformed)
	require.Nil(t, none)
	require.NoError(t, os.WriteFile(r.organiser.vault.journalPath(), journal, 0o600))

	// A view without a message that the closing counts on waits for it, and is not closed anew.
	view = r.replica([][]byte{first})
	require.Equal(t, []int{1, 4, 5, 6, 7}, view.Status().Awaited)
	_, err = r.organiser.Close(view)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "is closed already")

	// Other earlier messages than those that it was closed after.
	r = newRun(t, 7, 3)
	r.act[seat{RoundCommit, 2}] = silence
	r.play()
	_, err = r.organiser.Close(r.c)
	require.NoError(t, err)
	other := r.replica(r.sent[:7])
	require.NoError(t, other.Add(r.sayAt(RoundEnrol, 3, r.c.id, nil)))
	for _, j := range []int{1, 4, 5, 6, 7} {
		require.NoError(t, other.Add(r.sayAt(RoundCommit, j, other.now().prev, make([]byte, 32))))
	}
	require.Equal(t, []int{2}, other.Status().Awaited)
	_, err = r.organiser.Close(other)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "after other earlier messages")
}

func TestOrganiserWhoClosesTwiceOrWronglyVoidsTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		bodies [][]byte
		void   string
	}{
		"two closings":  {[][]byte{{2}, {3}}, "the organiser signed two different closings of the enrol round"},
		"nobody":        {[][]byte{{}}, "the organiser's closing of the enrol round: malformed: it names nobody"},
		"not in order":  {[][]byte{{3, 2}}, "do not increase"},
		"twice":         {[][]byte{{2, 2}}, "do not increase"},
		"zero":          {[][]byte{{0, 2}}, "do not increase"},
		"out of range":  {[][]byte{{2, 6}}, "names trustee 6, who is not in the run"},
		"far out":       {[][]byte{{255}}, "names trustee 255, who is not in the run"},
		"too many":      {[][]byte{{1, 2}}, "3 trustees are left after the enrol round, and an election needs 4"},
		"all but a few": {[][]byte{{1, 2, 3, 4, 5}}, "0 trustees are left"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFilelessRun(t, 5, 3)
			r.playUntil(RoundCommit)
			r.sent = r.sent[:5]
			r.c = r.replica(r.sent)
			for _, b := range c.bodies {
				r.add(r.sayAt(RoundEnrol, 0, r.c.id, b))
			}
			require.Contains(t, r.c.Status().Void, c.void)
			r.requireOrderless()
		})
	}
	// Who is out already cannot be named.
	r := newFilelessRun(t, 5, 3)
	r.act[seat{RoundEnrol, 2}] = silence
	r.play()
	r.close()
	r.add(r.say(0, []byte{2}))
	require.Contains(t, r.c.Status().Void, "names trustee 2, who is not in the run")
}

// What the others sign afterwards does not end a run that is void.
func TestVoidRunIsNotDone(t *testing.T) {
	r := newFilelessRun(t, 5, 3)
	r.playUntil(RoundSign)
	s := r.c.now()
	prev, digest := s.prev, s.key.digest
	r.add(r.sayAt(RoundSign, 0, prev, []byte{2}), r.sayAt(RoundSign, 0, prev, []byte{3}))
	for j := 1; j <= 5; j++ {
		r.add(r.sayAt(RoundSign, j, prev, digest[:]))
	}
	status := r.c.Status()
	require.Contains(t, status.Void, "the organiser signed two different closings of the sign round")
	require.False(t, status.Done)
	require.Empty(t, status.Signed)
}

func TestOrganiserWhoClosesLateVoidsTheRun(t *testing.T) {
	for round := range RoundSign {
		t.Run(round.String(), func(t *testing.T) {
			r := newFilelessRun(t, 5, 3)
			r.playUntil(round + 1)
			closing := r.sayAt(round, 0, r.c.slots[round][2].first.prev, []byte{2})
			r.step(1) // one goes on
			r.add(closing)
			st := r.c.Status()
			if round == RoundDeal {
				require.Contains(t, st.Void, "withheld after the commit round")
			} else {
				require.Equal(t, fmt.Sprintf("the organiser closed the %v round after somebody had gone on with all its messages: restart", round), st.Void)
			}
			r.requireOrderless()
		})
	}
	// Whoever left the run before makes no difference.
	r := newFilelessRun(t, 7, 3)
	r.act[seat{RoundEnrol, 5}] = says(5, func(*run) []byte { return nil })
	r.playUntil(RoundDeal)
	closing := r.sayAt(RoundCommit, 0, r.c.slots[RoundCommit][2].first.prev, []byte{2})
	r.step(1)
	r.add(closing)
	require.Contains(t, r.c.Status().Void, "the organiser closed the commit round after")

	// When nobody had gone on, the run does.
	r = newFilelessRun(t, 5, 3)
	r.playUntil(RoundCommit)
	r.add(r.sayAt(RoundEnrol, 0, r.c.id, []byte{2}))
	r.survives(2)
}

func TestTwoMessagesForOneSlotDisqualifyTheirAuthor(t *testing.T) {
	for round := range RoundSign {
		t.Run(round.String(), func(t *testing.T) {
			r := newFilelessRun(t, 5, 3)
			r.playUntil(round)
			r.act[seat{round, 3}] = func(r *run) [][]byte {
				s := r.c.now()
				body, err := r.trustees[3].body(r.c, s, 3)
				require.NoError(r.t, err)
				return [][]byte{r.say(3, body), r.say(3, []byte("another"))}
			}
			found := r.survives(3)
			require.Equal(t, Finding{3, round, "signed two different messages"}, found)
		})
	}
	t.Run("signatures of the result", func(t *testing.T) {
		r := newFilelessRun(t, 5, 3)
		r.play()
		digest := r.digest()
		r.add(r.sayAt(RoundSign, 3, r.c.slots[RoundSign][3].first.prev, []byte("another")))
		require.Equal(t, digest, r.digest(), "the others' signatures are enough")
		require.Equal(t, []int{1, 2, 4, 5}, r.c.Status().Signed)
		require.Equal(t, "signed two different messages", r.disqualified(3).Reason)
		r.requireOrderless()
	})
	t.Run("the same content signed twice", func(t *testing.T) {
		r := newFilelessRun(t, 5, 3)
		v := r.trustees[3].vault
		m := r.message(r.c, 3)
		signed := m[:len(m)-sigma.ProofSize]
		again := sigma.Prove(messageTranscript(signed), &v.x, &v.y)
		b := again.Bytes()
		r.add(m, append(bytes.Clone(signed), b[:]...))
		r.corrupt[3] = true
		require.Equal(t, "signed two different messages", r.survives(3).Reason)
	})
	t.Run("with different pasts", func(t *testing.T) {
		r := newFilelessRun(t, 5, 3)
		r.playUntil(RoundCommit)
		r.act[seat{RoundCommit, 3}] = func(r *run) [][]byte {
			body := r.honestDeal(3)
			return [][]byte{r.say(3, body), r.sayAt(RoundCommit, 3, [32]byte{1}, body)}
		}
		require.Equal(t, "signed two different messages", r.survives(3).Reason)
	})
}

func TestLateSecondMessageVoidsTheRun(t *testing.T) {
	for round := range RoundSign {
		t.Run(round.String(), func(t *testing.T) {
			r := newFilelessRun(t, 5, 3)
			r.play()
			require.True(t, r.c.Status().Done)
			r.add(r.sayAt(round, 3, r.c.slots[round][3].first.prev, []byte("another")))
			st := r.c.Status()
			require.False(t, st.Done)
			require.Equal(t, fmt.Sprintf("somebody went on from the %v round with one of the two different messages of trustee 3: restart without the latter", round), st.Void)
			_, err := r.c.Digest()
			require.ErrorIs(t, err, ErrVoid)
			require.Equal(t, "signed two different messages", r.disqualified(3).Reason)
			r.requireOrderless()
		})
	}
}

func TestManyMessagesOfOneAuthorTakeBoundedSpace(t *testing.T) {
	r := newFilelessRun(t, 5, 3)
	for i := range 20 {
		r.add(r.sayAt(RoundDeal, 3, [32]byte{byte(i)}, bytes.Repeat([]byte{byte(i)}, r.c.roster.maxBody())))
	}
	stored := 0
	for _, slots := range r.c.slots {
		for _, s := range slots {
			if s.first != nil {
				stored++
			}
			if s.second != nil {
				stored++
			}
		}
	}
	require.Equal(t, 2, stored)
	require.Less(t, len(r.c.Transcript()), 10_000)
	r.requireOrderless() // whichever two came first
	require.ErrorIs(t, r.c.Add(r.sayAt(RoundDeal, 3, [32]byte{}, make([]byte, r.c.roster.maxBody()+1))), ErrMalformed)
}

// A message whose past is not the transcript's does not count, and the run can go on without.
func TestMessageWithAnotherPastIsIgnored(t *testing.T) {
	r := newFilelessRun(t, 5, 3)
	r.playUntil(RoundCommit)
	r.act[seat{RoundCommit, 3}] = func(r *run) [][]byte { return [][]byte{r.sayAt(RoundCommit, 3, [32]byte{1}, make([]byte, 32))} }
	r.play()
	st := r.c.Status()
	require.Empty(t, st.Void)
	require.Equal(t, []int{3}, st.Awaited)
	require.Equal(t, []Finding{{3, RoundCommit, "it continues other messages of the earlier rounds"}}, st.Ignored)
	r.close()
	r.survives(3)

	// Two messages of somebody who was closed out before are no reason for it.
	r = newFilelessRun(t, 7, 3)
	r.act[seat{RoundEnrol, 4}] = silence
	r.play()
	r.close()
	r.add(r.sayAt(RoundEnrol, 4, r.c.id, nil), r.sayAt(RoundEnrol, 4, r.c.id, []byte{1}))
	r.act[seat{RoundCommit, 3}] = func(r *run) [][]byte { return [][]byte{r.sayAt(RoundCommit, 3, [32]byte{1}, make([]byte, 32))} }
	r.play()
	require.Empty(t, r.c.Status().Void)
	require.Equal(t, []int{3}, r.c.Status().Awaited)

	// The organiser's too.
	r = newFilelessRun(t, 5, 3)
	r.add(r.sayAt(RoundEnrol, 0, [32]byte{1}, []byte{1}))
	r.play()
	require.True(t, r.c.Status().Done)
	require.Empty(t, r.c.Status().Disqualified)
	require.Equal(t, "the organiser, enrol round: it continues other messages of the earlier rounds", r.c.Status().Ignored[0].String())

	// Its closing is enough to show that somebody had gone on from what changed.
	r = newFilelessRun(t, 5, 3)
	r.playUntil(RoundCommit)
	r.add(r.say(0, []byte{2}))
	require.Empty(t, r.c.Status().Void)
	r.add(r.sayAt(RoundEnrol, 3, r.c.id, nil))
	require.Contains(t, r.c.Status().Void, "one of the two different messages of trustee 3")

	// A trustee who is out says nothing that counts.
	r = newFilelessRun(t, 5, 3)
	r.act[seat{RoundEnrol, 3}] = says(3, func(*run) []byte { return nil })
	r.playUntil(RoundCommit)
	r.add(r.say(3, make([]byte, 32)))
	r.play()
	require.True(t, r.c.Status().Done)
	require.Equal(t, []Finding{{3, RoundCommit, "its author is out of the run"}}, r.c.Status().Ignored)
	r.survives(3)
}

func TestTooFewLeftVoidsTheRun(t *testing.T) {
	for name, act := range map[string]func(r *run, j int){
		"enrol": func(r *run, j int) { r.act[seat{RoundEnrol, j}] = says(j, func(*run) []byte { return nil }) },
		"commit": func(r *run, j int) {
			r.act[seat{RoundCommit, j}] = says(j, func(*run) []byte { return make([]byte, 31) })
		},
		"deal":    func(r *run, j int) { r.act[seat{RoundDeal, j}] = says(j, func(*run) []byte { return nil }) },
		"verdict": func(r *run, j int) { r.act[seat{RoundVerdict, j}] = says(j, func(*run) []byte { return nil }) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newFilelessRun(t, 5, 3)
			act(r, 2)
			act(r, 4)
			r.play()
			require.Equal(t, fmt.Sprintf("3 trustees are left after the %s round, and an election needs 4 to agree: restart without the others", name), r.c.Status().Void)
			require.Len(t, r.c.Status().Disqualified, 2)
			require.Equal(t, name, r.c.Status().Round.String())
			r.requireOrderless()
		})
	}
	t.Run("sign", func(t *testing.T) {
		r := newFilelessRun(t, 5, 3)
		r.playUntil(RoundSign)
		for _, j := range []int{2, 4} {
			r.act[seat{RoundSign, j}] = says(j, func(*run) []byte { return make([]byte, 32) })
		}
		r.play()
		require.Equal(t, "3 trustees signed the result, 4 are needed: restart without the others", r.c.Status().Void)
		require.Equal(t, "trustee 2, sign round: signed another result", r.c.Status().Disqualified[0].String())
		r.requireOrderless()
	})
}

func TestCommitOfAnotherLengthIsOut(t *testing.T) {
	r := newFilelessRun(t, 5, 3)
	r.act[seat{RoundCommit, 2}] = says(2, func(*run) []byte { return make([]byte, 33) })
	require.Equal(t, "trustee 2, commit round: malformed: commitment of 33 bytes, 32 wanted", r.survives(2).String())
}

func TestEveryBitFlipOfAMessageIsRefused(t *testing.T) {
	r := newFilelessRun(t, 2, 2)
	r.play()
	for _, raw := range r.sent {
		c, err := NewCeremony(r.c.Roster())
		require.NoError(t, err)
		empty := string(c.Transcript())
		step := max(1, len(raw)/60) // all bytes of the head, some of a long body
		for at := 0; at < len(raw); at++ {
			if at > messageHead && at < len(raw)-sigma.ProofSize && at%step != 0 {
				continue
			}
			bad := bytes.Clone(raw)
			bad[at] ^= 1 << (at % 8)
			require.Error(t, c.Add(bad), "byte %d", at)
		}
		require.Equal(t, empty, string(c.Transcript()))
		require.NoError(t, c.Add(raw))
	}
}

func TestAttack27BadLengthsOfAMessage(t *testing.T) {
	r := newRun(t, 2, 2)
	m, err := r.trustees[1].Next(r.c)
	require.NoError(t, err)
	for n := range m[0] {
		require.ErrorIs(t, r.c.Add(m[0][:n]), ErrMalformed, "%d bytes", n)
	}
	for n := 1; n <= 100; n++ {
		require.ErrorIs(t, r.c.Add(append(bytes.Clone(m[0]), make([]byte, n)...)), ErrMalformed, "%d more bytes", n)
	}
	// A length of an attacker.
	for _, n := range []byte{0x7f, 0x80, 0xff} {
		bad := bytes.Clone(m[0])
		bad[messageHead-4] = n
		require.ErrorIs(t, r.c.Add(bad), ErrMalformed)
	}
	// A signature whose scalar is not below q, or whose point is off the curve.
	bad := bytes.Clone(m[0])
	for i := range 32 {
		bad[len(bad)-1-i] = 0xff
	}
	require.ErrorIs(t, r.c.Add(bad), babyjub.ErrEncoding)
	bad = bytes.Clone(m[0])
	bad[len(bad)-33] ^= 1
	require.ErrorIs(t, r.c.Add(bad), babyjub.ErrEncoding)
	// What is longer than any message is not even read.
	require.ErrorContains(t, r.c.Add(make([]byte, 1<<20)), "1048576 bytes, at most")
	// Another version.
	bad = bytes.Clone(m[0])
	bad[0] = 2
	require.ErrorContains(t, r.c.Add(bad), "format version 2, 1 wanted")
	require.NoError(t, r.c.Add(m[0]))
}

func TestMessageOfAnotherCeremonyIsForeign(t *testing.T) {
	a, b := newRun(t, 2, 2), newRun(t, 2, 2)
	m, err := a.trustees[1].Next(a.c)
	require.NoError(t, err)
	require.ErrorIs(t, b.c.Add(m[0]), ErrForeign)
	// Every part of the roster is in the id.
	seen := map[[32]byte]bool{a.c.ID(): true}
	for _, change := range []func(*Roster){
		func(r *Roster) { r.Context = "another test" },
		func(r *Roster) { r.Trustees[0].Name = "another" },
		func(r *Roster) { r.Trustees[0], r.Trustees[1] = r.Trustees[1], r.Trustees[0] },
		func(r *Roster) { r.Trustees[0].Key = b.trustees[1].Key() },
		func(r *Roster) { r.Organiser = b.organiser.Key() },
		func(r *Roster) { r.Trustees = append(r.Trustees, b.c.Roster().Trustees[1]); r.Trustees[2].Name = "T3" },
		func(r *Roster) {
			r.Trustees = append(r.Trustees, b.c.Roster().Trustees[1])
			r.Trustees[2].Name = "T3"
			r.Threshold = 3
		},
	} {
		roster := a.c.Roster()
		change(&roster)
		c, err := NewCeremony(roster)
		require.NoError(t, err)
		require.False(t, seen[c.ID()])
		seen[c.ID()] = true
	}
}

func TestRosterTexts(t *testing.T) {
	good := newFilelessRun(t, 2, 2).c.Roster()
	long := string(bytes.Repeat([]byte("x"), 201))
	for name, text := range map[string]string{
		"empty": "", "long": long, "newline": "a\nb", "not UTF-8": "a\xff", "not NFC": "e\u0301",
		"right to left": "a\u202eb", "leading space": " a", "trailing space": "a ", "replacement": "a\ufffd", "BOM": "\ufeffa",
	} {
		bad := good.clone()
		bad.Context = text
		_, err := NewCeremony(bad)
		require.ErrorIs(t, err, ErrInvalid, name)
		bad = good.clone()
		bad.Trustees[1].Name = text
		_, err = NewCeremony(bad)
		require.ErrorIs(t, err, ErrInvalid, name)
		require.ErrorContains(t, err, "name of trustee 2", name)
	}
	bad := good.clone()
	bad.Trustees[1].Name = bad.Trustees[0].Name
	_, err := NewCeremony(bad)
	require.ErrorContains(t, err, "same name")
	// The roster is the ceremony's own.
	c, err := NewCeremony(good)
	require.NoError(t, err)
	id := c.ID()
	good.Trustees[0].Name = "changed"
	c.Roster().Trustees[0].Name = "changed"
	require.Equal(t, id, c.roster.id())
}
