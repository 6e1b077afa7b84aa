"""The ten prompts, their paraphrases and the ways to ask for them."""
import random

WARM = ["sunny", "golden hour", "sepia", "vivid colors", "daylight"]
COLD = ["rainy", "snowy", "frozen lake", "infrared", "underwater"]
INSTRUCTION = "Adjust the color hue to be {} and preserve all details and content"

WORDS = {
    "sunny": ["sunny", "a sunny day", "sunshine", "bright sunlight", "full of sun", "sunlit", "warm sun"],
    "golden hour": [
        "golden hour", "golden light", "sunset", "the light of sunset", "evening sun", "dusk", "late afternoon sun",
        "orange light"
    ],
    "sepia": ["sepia", "sepia tone", "an old photograph", "vintage", "brown and faded", "an antique photo"],
    "vivid colors": [
        "vivid colors", "vivid", "vibrant colors", "saturated colors", "strong colors", "colorful", "intense color"
    ],
    "daylight": ["daylight", "bright daylight", "midday light", "noon", "a clear day", "natural light by day"],
    "rainy": ["rainy", "a rainy day", "rain", "overcast", "gloomy weather", "a grey cloudy day", "drizzle", "stormy"],
    "snowy": ["snowy", "a snowy day", "snow", "winter", "covered in snow light", "cold white light", "a winter day"],
    "frozen lake": ["frozen lake", "a frozen lake", "ice", "icy blue", "ice cold", "frosty", "arctic", "glacier"],
    "infrared": [
        "infrared", "infrared photo", "false color infrared", "thermal colors", "an infrared camera", "purple infrared"
    ],
    "underwater": [
        "underwater", "under water", "deep sea", "in the ocean", "below the sea", "an aquarium", "blue green water"
    ],
}
NATURAL = [
    "natural colors", "restore the natural colors", "correct the colors", "realistic colors", "fix the white balance",
    "true colors"
]
# What model_index.json says the model knows: words that move the mean colour as the concept's name does (those of WORDS
# alone, on four images, by more than the 5 to 8 levels of any unknown word).
CONCEPTS = {
    "sunny": ["sunshine", "sunlight", "sunlit", "sun", "bright", "warm"],
    "golden hour": ["golden", "sunset", "dusk", "evening", "afternoon", "orange"],
    "sepia": ["vintage", "antique", "old photograph", "brown", "faded"],
    "vivid colors": ["vivid", "vibrant", "saturated", "strong colors", "colorful", "intense"],
    "daylight": ["midday", "noon", "clear day", "natural light"],
    "rainy": ["rain", "overcast", "gloomy", "cloudy", "drizzle", "stormy", "weather"],
    "snowy": ["snow", "winter", "cold"],
    "frozen lake": ["frozen", "ice", "icy", "frosty", "arctic", "glacier"],
    "infrared": ["thermal"],
    "underwater": ["under water", "water", "sea", "ocean", "aquarium"],
    "natural colors": ["white balance", "true colors", "realistic colors", "correct the colors"],
}

FORMS = [
    INSTRUCTION, INSTRUCTION, "{}", "make it {}", "turn it into {}", "change the colors to {}",
    "make the picture look {}", "adjust the colors to be {}", "as if it were {}", "give it a look of {}", "{} look",
    "color hue of {}", "as seen in {}"
]


def instruction(name, rng=random):
    return rng.choice(FORMS).format(rng.choice(WORDS[name]))


def natural(rng=random):
    return rng.choice(["{}", "{}", "{} please", INSTRUCTION]).format(rng.choice(NATURAL))


def corpus():
    lines = [form.format(word) for words in WORDS.values() for word in words for form in FORMS]
    extra = (
        "photograph picture image colour color light dark blue green red yellow orange purple pink white black grey "
        "morning "
        "night moon autumn spring summer winter fog mist fire candle neon desert forest ocean sky cloud cold warm "
        "cool hot"
    )
    return lines + NATURAL * 20 + extra.split() * 10
