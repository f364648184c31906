"""The household of unbraid in NumPy, many episodes at a time. src/env/household explains the rules and the numbers."""

import numpy as np

PLACES, KINDS, OBJECTS, MOST_STEPS = 24, 12, 5, 20
OPEN, TAKE, PUT, HEAT, LAMP, ACTIONS = 24, 25, 37, 38, 41, 42
TASK, VERB, OBJECT, RECEPTACLE, INSTANCE, CLOSED, VISITED, PLAIN = 1, 7, 15, 27, 39, 41, 43, 45
NOT_PLACED, LAMP_HERE, NO_EFFECT, WORDS = 49, 51, 53, 55
STATE_SLOTS, ACTION_SLOTS = 11, 6
DRAWER, FRIDGE, MICROWAVE, SINK = 1, 5, 6, 7
EXAMINE, PLACE_TWO = 1, 5
# Words of the bags: of a state the visible objects, of an action the seen objects and the lamp.
STATE_BAG = np.arange(OBJECT, OBJECT + KINDS)
ACTION_BAG = np.append(STATE_BAG, LAMP_HERE)
REQUIRED_STATE = np.array([0, 0, 3, 1, 2, 0])


class Household:
    """Episodes that start from `games`, int [episodes, 6 + 2 OBJECTS]; bench/household.ts has the columns."""

    def __init__(self, games):
        self.task, self.object, self.target, self.lamp, start, places = games[:, :6].T
        self.kinds, self.place_of = games[:, 6 : 6 + OBJECTS], games[:, 6 + OBJECTS :].copy()
        self.episodes = np.arange(len(games))
        self.places = (places[:, None] >> np.arange(PLACES)) & 1 == 1
        self.location = start.copy()
        self.held = np.full(len(games), -1)
        self.state_of = np.zeros_like(self.kinds)
        self.open = np.repeat(~np.isin(np.arange(PLACES) >> 1, (DRAWER, FRIDGE, MICROWAVE))[None], len(games), 0)
        self.contents = np.zeros((len(games), PLACES, KINDS), bool)
        episode, item = np.nonzero(self.kinds >= 0)
        self.contents[episode, self.place_of[episode, item], self.kinds[episode, item]] = True
        self.seen = np.zeros((len(games), PLACES), bool)
        self.seen[self.episodes, start] = self.open[self.episodes, start]
        self.no_effect, self.ended, self.succeeded = np.zeros((3, len(games)), bool)
        self.steps = 0

    def possible(self, e):
        """bool [len(e), ACTIONS]: the possible actions of the episodes `e`."""
        here, holds = self.location[e], self.held[e] >= 0
        is_open, kind = self.open[e, here], here >> 1
        mask = np.zeros((len(e), ACTIONS), bool)
        mask[:, :OPEN] = self.places[e]
        mask[np.arange(len(e)), here] = False
        mask[:, OPEN] = ~is_open
        mask[:, TAKE:PUT] = self.contents[e, here] & (is_open & ~holds)[:, None]
        mask[:, PUT] = is_open & holds
        for i, appliance in enumerate((MICROWAVE, FRIDGE, SINK)):
            mask[:, HEAT + i] = holds & (kind == appliance)
        mask[:, LAMP] = here == self.lamp[e]
        return mask

    def placed(self, e):
        """Number of task objects in their required state in receptacles of the target type, without the held one."""
        fits = (self.kinds[e] == self.object[e, None]) & (self.place_of[e] >> 1 == self.target[e, None])
        fits &= self.state_of[e] == REQUIRED_STATE[self.task[e], None]
        fits &= np.arange(OBJECTS) != self.held[e, None]
        return fits.sum(1)

    def act(self, e, action):
        """Executes one possible action of each of the episodes `e`."""
        here = self.location[e]
        self.no_effect[e] = False
        go = action < OPEN
        self.location[e[go]] = action[go]
        opens = e[action == OPEN]
        self.open[opens, self.location[opens]] = True
        for m in (go, action == OPEN):
            self.seen[e[m], self.location[e[m]]] |= self.open[e[m], self.location[e[m]]]
        m = (action >= TAKE) & (action < PUT)
        takers, kind = e[m], action[m] - TAKE
        there = (self.kinds[takers] == kind[:, None]) & (self.place_of[takers] == here[m, None])
        rank = np.where(there, self.state_of[takers] * OBJECTS + np.arange(OBJECTS), 1000)
        self.held[takers] = rank.argmin(1)
        self.contents[takers, here[m], kind] = there.sum(1) > 1
        m = action == PUT
        putters, item = e[m], self.held[e[m]]
        self.place_of[putters, item] = here[m]
        self.contents[putters, here[m], self.kinds[putters, item]] = True
        self.held[putters] = -1
        self.succeeded[putters] = self.placed(putters) >= np.where(self.task[putters] == PLACE_TWO, 2, 1)
        m = (action >= HEAT) & (action < LAMP)
        users, item, state = e[m], self.held[e[m]], action[m] - HEAT + 1
        self.state_of[users, item] = state
        spoilt = (self.kinds[users, item] == self.object[users]) & (state != REQUIRED_STATE[self.task[users]])
        self.ended[users] |= spoilt
        lit = e[action == LAMP]
        holds = (self.held[lit] >= 0) & (self.kinds[lit, self.held[lit]] == self.object[lit])
        self.succeeded[lit] = (self.task[lit] == EXAMINE) & holds
        self.no_effect[lit] = ~self.succeeded[lit]
        self.ended |= self.succeeded
        self.steps += 1

    def live(self):
        """The episodes that go on."""
        return np.flatnonzero(~self.ended) if self.steps < MOST_STEPS else np.array([], int)

    def states(self, e):
        """Words [len(e), 10] and bag bool [len(e), KINDS] of the states."""
        here, held = self.location[e], self.held[e]
        is_open, rows = self.open[e, here], np.arange(len(e))
        kind, state = self.kinds[e, held], self.state_of[e, held]
        two = (self.task[e] == PLACE_TWO) & (self.placed(e) > 0)
        words = [
            TASK + self.task[e],
            OBJECT + self.object[e],
            np.where(self.target[e] < 0, 0, RECEPTACLE + self.target[e]),
            RECEPTACLE + (here >> 1),
            CLOSED + is_open,
            np.where(held < 0, 0, OBJECT + kind),
            np.where(held < 0, 0, PLAIN + state),
            NOT_PLACED + two,
            LAMP_HERE + (here != self.lamp[e]),
            NO_EFFECT + ~self.no_effect[e],
        ]
        return np.stack(words, 1), self.contents[e, here] & is_open[:, None]

    def actions(self, e, mask):
        """State row, number, words [n, 5] and bag bool [n, KINDS + 1] of the possible actions, in ascending order."""
        row, action = np.nonzero(mask)
        e = e[row]
        go, here = action < OPEN, self.location[e]
        place = np.where(go, action, here)
        seen = go & self.seen[e, place]
        takes = (action >= TAKE) & (action < PUT)
        kind = np.where(takes, action - TAKE, self.kinds[e, self.held[e]])
        uses = (action > OPEN) & (action < LAMP)
        lit = action == LAMP
        verb = np.select([go, action == OPEN, takes], [0, 1, 2], action - PUT + 3)
        words = [
            VERB + verb,
            np.where(uses, OBJECT + kind, 0),
            np.where(lit, 0, RECEPTACLE + (place >> 1)),
            np.where(lit, 0, INSTANCE + (place & 1)),
            np.where(go, VISITED + ~seen, 0),
        ]
        bag = np.concatenate((self.contents[e, place], (place == self.lamp[e])[:, None]), 1) & seen[:, None]
        return row, action, np.stack(words, 1), bag
