"""
A mood from counted words, so that news has a number even without a model.

Low confidence by construction: it knows about 180 words of a few languages and neither
irony nor context, and word lists get about half of unseen crypto headlines right. It may
colour a report; it must never be the reason for a trade.
"""

import re

_POSITIVE = """
    adopt adopts adopted adoption approve approves approved approval beat beats climb climbs
    climbed gain gains gained grew grows growth inflow inflows launch launches launched partner
    partnership profit rallies rally rallied rebound rebounds record recover recovers recovered
    recovery resume resumed resumes rise rises rose soar soars strong stronger surge surges surged
    upgrade upgraded sube suben rekord steigt stieg вырос выросла hausse monte
"""
_NEGATIVE = """
    ban bans banned bankrupt bankruptcy breach collapse collapses crash crashes default
    defaults delay delayed delays delist delisted drop drops dropped exploit exploited fail failed
    fails fall falls fell fined fraud hack hacked halt halted halts insolvency insolvent
    lawsuit lose loses loss losses lost outage outflow outflows plunge plunged plunges probe
    selloff sells slide slides slump slumps stolen sue sues sued theft weak weaker cae caen fällt
    fiel потерял упал baisse chute
"""
_MOOD = dict.fromkeys(_POSITIVE.split(), 1) | dict.fromkeys(_NEGATIVE.split(), -1)
# Chinese, Japanese and Korean do not part their words, so phrases are looked for as they stand.
_GOOD_PHRASES = (
    *(
        "上涨",
        "大涨",
        "飙升",
        "反弹",
        "回升",
        "创新高",
        "新高",
        "增长",
        "批准",
        "获批",
        "降费",
        "费降",
    ),
    *("费用降", "上昇", "急騰", "反発", "最高値", "承認", "増加", "상승", "급등", "반등", "승인"),
)
_BAD_PHRASES = (
    *(
        "下跌",
        "大跌",
        "暴跌",
        "崩盘",
        "黑客",
        "被盗",
        "破产",
        "暂停提",
        "爆仓",
        "诉讼",
        "下落",
        "急落",
    ),
    *("暴落", "流出", "破綻", "ハッキング", "하락", "급락", "폭락", "해킹", "파산"),
)
_PHRASE = re.compile("|".join((*_GOOD_PHRASES, *_BAD_PHRASES)))
_WORD = re.compile(r"[^\W\d_]+")
_FULL_MOOD = 3  # this many words of one mind make a full score

MOOD_WORDS = frozenset(_MOOD)


def lexicon_score(text: str) -> float:
    """From -1 (bad words only) over 0 (none, or as many good as bad) to +1."""
    moods = [_MOOD[word] for word in _WORD.findall(text.casefold()) if word in _MOOD]
    moods += [1 if phrase in _GOOD_PHRASES else -1 for phrase in _PHRASE.findall(text)]
    return round(sum(moods) / max(_FULL_MOOD, len(moods)), 2)
