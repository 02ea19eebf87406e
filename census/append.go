package census

// Append adds a member and returns its position. The census must be one that Build, BuildWeighted, Read or Open made, so
// it has a first member already. On an error it is as before.
//
// The root changes, and with it every path: append while the roll is open, before the manifest names
// the root. A member is in memory only. Keep registrations where they are durable, and after a
// crash append those that the file of [Tree.Save] does not hold yet.
func (t *Tree) Append(m Member) (uint64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := t.size()
	c, err := t.check(i, m, 0)
	if err != nil {
		return 0, err
	}
	t.insert(c, m)
	if t.weighted {
		t.levels[0].push(leaf(c, m.Weight))
	}
	t.raise(int(i))
	return i, nil
}

// Update puts another member in the place of member i, or gives it another weight. On an error the
// census is as before. What Append says of paths holds here too.
//
// Nobody is removed: Semaphore's trees set a removed leaf to 0, and here no leaf is 0. A roll without a member is built
// again.
func (t *Tree) Update(i uint64, m Member) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i >= t.size() {
		return outside(i, t.size())
	}
	c, err := t.check(i, m, 0)
	if err != nil {
		return err
	}
	old := t.member(i)
	t.index.remove(t.commitments.at(int(i)), int(i))
	t.index.add(&c, int(i))
	*t.commitments.at(int(i)) = c
	if t.weighted {
		*t.weights.at(int(i)) = m.Weight
		*t.levels[0].at(int(i)) = leaf(c, m.Weight)
	}
	t.total += max(m.Weight, 1) - max(old.Weight, 1)
	t.raise(int(i))
	return nil
}
